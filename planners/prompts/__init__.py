"""Prompts as files: `NAME.md`, whose first line is `version: N`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Prompt:
    name: str
    version: int
    text: str


@cache
def prompt(name: str) -> Prompt:
    """Returns the prompt of that name."""
    first, _, text = (files(__package__) / f"{name}.md").read_text("utf-8").partition("\n")
    return Prompt(name, int(first.removeprefix("version:")), text.strip())
