"""Which GGUF model is served, and how: what stands behind `gguf:`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

from ...ledger.errors import UsageError

_COUNTS = ("slots", "context", "threads")
_MAGIC = b"GGUF"


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A model to serve on this machine."""

    file: Path
    adapters: tuple[Path, ...] = ()
    """LoRA adapters, applied in full."""
    slots: int = 1
    """Calls that are answered at the same time."""
    context: int = 8192
    """Tokens of prompt and reply of one call."""
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)

    @classmethod
    def parse(cls, text: str) -> ModelFile:
        """Returns what `FILE.gguf[+ADAPTER.gguf…][?slots=2&context=4096&threads=1]` names.

        Raises:
            UsageError: it names something else.
        """
        paths, _, query = text.partition("?")
        file, *adapters = map(_path, re.split(r"(?<=\.gguf)\+", paths))
        counts: dict[str, int] = {}
        for key, value in parse_qsl(query, keep_blank_values=True):
            if key not in _COUNTS or not re.fullmatch(r"[1-9]\d{0,6}", value):
                raise UsageError(
                    f"gguf:{text}: {key}={value} makes no sense: write e.g. ?slots=2&context=4096"
                )
            counts[key] = int(value)
        return cls(file=file, adapters=tuple(adapters), **counts)

    def check(self) -> None:
        """Raises UsageError where a file is not there or is no GGUF."""
        for path in (self.file, *self.adapters):
            try:
                with path.open("rb") as opened:
                    magic = opened.read(len(_MAGIC))
            except OSError as error:
                raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
            if magic != _MAGIC:
                raise UsageError(f"{path} is not a model in the format GGUF")

    @property
    def name(self) -> str:
        """How prices and reports name it: `gguf/FILE` or `gguf/FILE+ADAPTER`."""
        return "gguf/" + "+".join(path.stem for path in (self.file, *self.adapters))


def _path(text: str) -> Path:
    if not text.endswith(".gguf"):
        raise UsageError(f"gguf:{text} names no file that ends in .gguf: write gguf:FILE.gguf")
    return Path(text).expanduser().absolute()
