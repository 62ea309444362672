"""The embedded transformer as a model that can be trained: `FILE.npz`."""

from __future__ import annotations

from pathlib import Path

from ...ledger.errors import UsageError
from ...policies import Policy
from ...policies.in_process import InProcessPolicy
from ...training.loop.examples import Trainable
from ...training.models.loading import LoadedModel, device_of
from ..transformer.player import TinyPlayer
from ..transformer.vocabulary import TOKENIZER
from ..transformer.weights import load as load_weights
from ..transformer.weights import save as save_weights
from .network import Network


def load(path: Path, *, lora: int = 0, device: str | None = None) -> LoadedModel:
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
        player = TinyPlayer(network.exported(), name)
        return InProcessPolicy(player, name=name, tokenizer=TOKENIZER)

    return LoadedModel(
        trainable=Trainable(module=network, logits=network, tokenizer=TOKENIZER),
        save=lambda target: save_weights(network.exported(), target),
        policy=policy,
    )
