"""Planners by name, with options: `best_of`, `best_of:n=8:remind=4`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from importlib.metadata import entry_points
from typing import Any, cast

from ..ledger.errors import UsageError
from ..memory.options import full_name, option_types, read_options, split_name
from .planner import Planner

ENTRY_POINTS = "outlay.planners"
"""The entry-point group under which other packages offer planners: name = `module:factory`."""

_BUILT_IN = {
    "react": "outlay.planners.react:react",
    "tracker": "outlay.planners.react:tracker",
    "sequential": "outlay.planners.sequential:sequential",
    "vote": "outlay.planners.vote:vote",
    "best_of": "outlay.planners.vote:best_of",
    "plan_execute": "outlay.planners.stepwise:plan_execute",
    "reflexion": "outlay.planners.reflexion:reflexion",
    "pdr": "outlay.planners.distill:pdr",
    "bats": "outlay.planners.bats:bats",
    "bavt": "outlay.planners.bavt:bavt",
    "auto": "outlay.planners.auto:auto",
    "cascade": "outlay.planners.cascade:cascade",
    "toolchain": "outlay.planners.toolchain:toolchain",
    "toolpath": "outlay.planners.toolpath:toolpath",
}
_COMMON: Mapping[str, type] = {"tracked": bool, "remind": int, "critic": Decimal}
"""The options that every planner takes."""


def planner_names() -> tuple[str, ...]:
    """Returns the names that `planner` knows."""
    return tuple(_addresses())


def planner(name: str, **options: Any) -> Planner:
    """Returns a planner by name.

    Args:
        name: one of `planner_names()`, with or without options as text: `NAME:OPTION=VALUE:…`.
        options: those of the planner, and `tracked`, `remind` and `critic`.

    Raises:
        UsageError: there is no such planner or option, or its value makes no sense.
    """
    name, texts = split_name(name)
    make = factory(name)
    own_types = option_types(make)
    types = {**own_types, **{name: of for name, of in _COMMON.items() if name not in own_types}}
    given = read_options("planner", name, texts, types, options)
    common = {option: value for option, value in given.items() if option in _COMMON}
    own = {option: value for option, value in given.items() if option not in common}
    made = replace(make(**own), **common)
    return replace(made, name=full_name(name, given))


def factory(name: str) -> Callable[..., Planner]:
    """Returns what makes a planner; its keyword-only parameters are the planner's options."""
    addresses = _addresses()
    if name not in addresses:
        raise UsageError(f"no planner is called {name!r}: the planners are {', '.join(addresses)}")
    module, _, attribute = addresses[name].partition(":")
    return cast(Callable[..., Planner], getattr(importlib.import_module(module), attribute))


def _addresses() -> dict[str, str]:
    offered = {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}
    return {**_BUILT_IN, **{name: at for name, at in offered.items() if name not in _BUILT_IN}}
