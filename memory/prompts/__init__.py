"""Prompts as files: `NAME.md`, whose first line is `version: N`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class MemoryPrompt:
    name: str
    version: int
    text: str

    @property
    def label(self) -> str:
        """How it is recorded, e.g. `compact@1`."""
        return f"{self.name}@{self.version}"


@cache
def read_prompt(package: str, name: str) -> MemoryPrompt:
    """Returns the prompt of that name which lies in a package."""
    first, _, text = (files(package) / f"{name}.md").read_text("utf-8").partition("\n")
    return MemoryPrompt(name, int(first.removeprefix("version:")), text.strip())


def prompt(name: str) -> MemoryPrompt:
    """Returns the prompt of a memory."""
    return read_prompt(__package__, name)
