"""Memories by name, with options: `workspace`, `summary:limit=8000:times=4`."""

from __future__ import annotations

import importlib
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Any, cast

from ..ledger.errors import UsageError
from .memory import Memory
from .options import full_name, option_types, read_options, split_name

ENTRY_POINTS = "outlay.memories"
"""The entry-point group under which other packages offer memories: name = `module:class`."""

_BUILT_IN = {
    "full": "outlay.memory.full:Full",
    "window": "outlay.memory.window:Window",
    "workspace": "outlay.memory.workspace:Workspace",
    "summary": "outlay.memory.summary:Summarised",
    "curated": "outlay.memory.curated:Curating",
    "state": "outlay.memory.state:Stated",
}
_OWN = ("name", "price")
"""Fields that are no options: the registry and the agent fill them in."""


def memory_names() -> tuple[str, ...]:
    """Returns the names that `memory` knows."""
    return tuple(_addresses())


def memory(name: str, **options: Any) -> Memory:
    """Returns a memory by name.

    Args:
        name: one of `memory_names()`, with or without options as text: `NAME:OPTION=VALUE:…`.
        options: those of the memory.

    Raises:
        UsageError: there is no such memory or option, or its value makes no sense.
    """
    name, texts = split_name(name)
    made = _made(name)
    known = {option: of for option, of in option_types(made).items() if option not in _OWN}
    given = read_options("memory", name, texts, known, options)
    return replace(made(**given), name=full_name(name, given))


def _made(name: str) -> type[Memory]:
    addresses = _addresses()
    if name not in addresses:
        raise UsageError(f"no memory is called {name!r}: the memories are {', '.join(addresses)}")
    module, _, attribute = addresses[name].partition(":")
    return cast(type[Memory], getattr(importlib.import_module(module), attribute))


def _addresses() -> dict[str, str]:
    offered = {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}
    return {**_BUILT_IN, **{name: at for name, at in offered.items() if name not in _BUILT_IN}}
