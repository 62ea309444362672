"""The embedded transformer as a model that can be trained: `FILE.npz`."""

from __future__ import annotations

from pathlib import Path

from ...ledger.errors import UsageError
from ...policies import Policy
from ...policies.embedded.tiny.app import TinyApp
from ...policies.embedded.tiny.vocabulary import TOKENIZER
from ...policies.embedded.tiny.weights import load as load_weights
from ...policies.embedded.tiny.weights import save as save_weights
from ...policies.inprocess import endpoint
from ..examples import Trainable
from ..models import Loaded, device_of
from .network import Network


def load(path: Path, *, lora: int = 0, device: str | None = None) -> Loaded:
    """Reads a file of weights.

    Args:
        lora: 0: there are no adapters for it.
        device: where it is trained; None: the processor, where it also plays.

    Raises:
        UsageError: there is no such file or device, or adapters are asked for.
    """
    if lora:
        raise UsageError("the embedded transformer is trained as a whole: leave --lora out")
    network = Network.of(load_weights(path)).to(device_of(device or "cpu"))
    name = f"embedded/{path.stem}"

    def policy() -> Policy:
        return endpoint(TinyApp(network.exported(), name), name, tokenizer=TOKENIZER)

    return Loaded(
        trainable=Trainable(module=network, logits=network, tokenizer=TOKENIZER),
        save=lambda target: save_weights(network.exported(), target),
        policy=policy,
    )
