"""How a GGUF model is written in a model string."""

from __future__ import annotations

from typing import Any

from ..policy import Policy
from ..registry import PolicyKind
from .model_file import ModelFile
from .policy import GgufModel


def _gguf(spec: str, **options: Any) -> Policy | None:
    file = spec.removeprefix("gguf:")
    return None if file == spec else GgufModel(ModelFile.parse(file), **options)


GGUF = PolicyKind(
    forms=("gguf:FILE.gguf", "gguf:FILE.gguf+ADAPTER.gguf?slots=2&context=4096&threads=2"),
    make=_gguf,
)
