"""Models that can be trained: those of Hugging Face, and files that other packages read."""

from __future__ import annotations

import copy
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...ledger.errors import UsageError
from ...ledger.registry import Registry
from ...policies import Policy
from ...policies.in_process import InProcessPolicy
from ..loop.examples import Trainable
from .chat_model import ChatModel


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model in memory."""

    trainable: Trainable
    save: Callable[[Path], None]
    """Writes it, in the form it was read in: an `.npz` file or a folder."""
    policy: Callable[[], Policy]
    """Returns it as a policy that plays in this process."""


MODEL_FILES: Registry[Callable[..., LoadedModel]] = Registry("model file", "trainable_models", {})
"""What reads a file by its suffix: `load(path, *, lora, device)`, as `load` below."""

_PATIENCE = 3_600.0
"""Seconds after which a call of a model of Hugging Face is given up: others may go before it."""


def load(path: Path, *, lora: int = 0, device: str | None = None) -> LoadedModel:
    """Reads a model.

    Args:
        path: an `.npz` file of the embedded transformer, or the folder of a causal language model
            of Hugging Face; nothing is downloaded.
        lora: rank of the LoRA adapters that are trained in place of the weights (Hu et al. 2021,
            arXiv 2106.09685); 0 trains the weights. Adapters are merged before they are written.
        device: `cpu` or `cuda`; None: `cuda` where torch sees a GPU, else `cpu`. The embedded
            transformer is on the processor unless a device is given; it plays on the processor.

    Raises:
        UsageError: there is no such model or device, or a package for it is missing.
    """
    form = path.suffix.removeprefix(".")
    if form in MODEL_FILES.names():
        return MODEL_FILES.find(form)(path, lora=lora, device=device)
    if not path.is_dir():
        raise UsageError(f"there is no model at {path}: name an .npz file or a model's folder")
    return _of_hugging_face(path, lora, device_of(device))


def device_of(name: str | None) -> torch.device:
    """Returns torch's device of that name; None: `cuda` where torch sees a GPU, else `cpu`.

    Raises:
        UsageError: there is no such device here.
    """
    is_there = torch.cuda.is_available()
    if name == "cuda" and not is_there:
        raise UsageError("torch sees no GPU here: leave --device out, or give --device cpu")
    return torch.device(name or ("cuda" if is_there else "cpu"))


def tokenizer_of(folder: Path) -> str:
    """Returns the name under which ids of a model's tokenizer are recorded: of what it contains."""
    files = _tokenizer_files(folder)
    if not files:
        raise UsageError(f"{folder} has no tokenizer: tokenizer.json is missing")
    digest = hashlib.blake2b(digest_size=8)
    for file in files:
        digest.update(file.read_bytes())
    return f"hf-{digest.hexdigest()}"


def _tokenizer_files(folder: Path) -> list[Path]:
    names = ("tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "chat_template*")
    return sorted(file for name in names for file in folder.glob(name))


def _of_hugging_face(folder: Path, lora: int, device: torch.device) -> LoadedModel:
    model = _causal(folder)
    if lora:
        model = _with_adapters(model, lora)
    model.to(device)
    model.eval()  # no dropout: a step depends on nothing but its examples
    module: nn.Module = model
    tokenizer = tokenizer_of(folder)

    def logits(ids: Tensor) -> Tensor:
        found: Tensor = model(input_ids=ids).logits
        return found

    def save(target: Path) -> None:
        whole = copy.deepcopy(model).merge_and_unload() if lora else model
        whole.save_pretrained(target)
        for file in _tokenizer_files(folder):
            shutil.copy(file, target / file.name)

    def policy() -> Policy:
        name = f"embedded/{folder.name}"
        player = ChatModel(model, _tokenizer(folder), name)
        return InProcessPolicy(
            player, name=name, tokenizer=tokenizer, timeout=_PATIENCE,
            tool_protocol="native" if player.takes_tools else "text",
        )  # fmt: skip

    return LoadedModel(
        trainable=Trainable(module=module, logits=logits, tokenizer=tokenizer),
        save=save,
        policy=policy,
    )


def _causal(folder: Path) -> Any:
    try:
        from transformers import AutoModelForCausalLM
    except ImportError as error:
        raise UsageError(
            "a model of Hugging Face needs transformers: pip install 'outlay[train]'"
        ) from error
    try:
        return AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32
        )
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(f"{folder} is no causal language model: {reason}") from error


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # whatever its parts raise
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(f"{folder} has no tokenizer that can be read: {reason}") from error


def _with_adapters(model: Any, rank: int) -> Any:
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise UsageError("--lora needs peft: pip install 'outlay[train]'") from error
    torch.manual_seed(0)  # the same adapters each time: a training that was broken off goes on
    return get_peft_model(
        model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear")
    )
