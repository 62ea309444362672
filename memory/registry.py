"""Memories by name, with options: `workspace`, `summary:limit=8000:times=4`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..ledger.named_options import full_name, option_types, read_options, split_name
from ..ledger.registry import Registry
from .memory import Memory

_BUILT_IN = {
    "full": "outlay.memory.full:FullMemory",
    "window": "outlay.memory.window:WindowMemory",
    "workspace": "outlay.memory.workspace:WorkspaceMemory",
    "summary": "outlay.memory.summary:SummaryMemory",
    "curated": "outlay.memory.curated.curated:CuratedMemory",
    "state": "outlay.memory.state:StateMemory",
}
MEMORIES: Registry[type[Memory]] = Registry("memory", "memories", _BUILT_IN)

_OWN = ("name", "price")
"""Fields that are no options: the registry and the agent fill them in."""


def memory_names() -> tuple[str, ...]:
    """Returns the names that `memory` knows."""
    return MEMORIES.names()


def memory(name: str, **options: Any) -> Memory:
    """Returns a memory by name.

    Args:
        name: one of `memory_names()`, with or without options as text: `NAME:OPTION=VALUE:…`.
        options: those of the memory.

    Raises:
        UsageError: there is no such memory or option, or its value makes no sense.
    """
    name, texts = split_name(name)
    made = MEMORIES.find(name)
    known = {option: of for option, of in option_types(made).items() if option not in _OWN}
    given = read_options("memory", name, texts, known, options)
    return replace(made(**given), name=full_name(name, given))
