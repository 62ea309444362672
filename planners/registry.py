"""Planners by name, with options: `best_of`, `best_of:n=8:remind=4`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ..ledger.named_options import full_name, option_types, read_options, split_name
from ..ledger.registry import Registry
from .planner import Planner

_BUILT_IN = {
    "react": "outlay.planners.loops.react:react",
    "tracker": "outlay.planners.loops.react:tracker",
    "instant": "outlay.planners.loops.bare:instant",
    "reasoning": "outlay.planners.loops.bare:reasoning",
    "sequential": "outlay.planners.loops.sequential:sequential",
    "vote": "outlay.planners.parallel.vote:vote",
    "best_of": "outlay.planners.parallel.vote:best_of",
    "plan_execute": "outlay.planners.loops.plan_execute:plan_execute",
    "reflexion": "outlay.planners.verified.reflexion:reflexion",
    "pdr": "outlay.planners.parallel.pdr:pdr",
    "bats": "outlay.planners.verified.bats:bats",
    "bavt": "outlay.planners.verified.bavt:bavt",
    "auto": "outlay.planners.loops.auto:auto",
    "cascade": "outlay.planners.verified.cascade:cascade",
    "toolchain": "outlay.planners.toolchain:toolchain",
    "toolpath": "outlay.planners.toolpath:toolpath",
}
PLANNERS: Registry[Callable[..., Planner]] = Registry("planner", "planners", _BUILT_IN)
"""By name; the keyword-only parameters of what makes one are the planner's options."""

_COMMON: Mapping[str, type] = {"tracked": bool, "remind": int, "critic": Decimal}
"""The options that every planner takes."""


def planner_names() -> tuple[str, ...]:
    """Returns the names that `planner` knows."""
    return PLANNERS.names()


def planner(name: str, **options: Any) -> Planner:
    """Returns a planner by name.

    Args:
        name: one of `planner_names()`, with or without options as text: `NAME:OPTION=VALUE:…`.
        options: those of the planner, and `tracked`, `remind` and `critic`.

    Raises:
        UsageError: there is no such planner or option, or its value makes no sense.
    """
    name, texts = split_name(name)
    make = PLANNERS.find(name)
    own_types = option_types(make)
    types = {**own_types, **{name: of for name, of in _COMMON.items() if name not in own_types}}
    given = read_options("planner", name, texts, types, options)
    common = {option: value for option, value in given.items() if option in _COMMON}
    own = {option: value for option, value in given.items() if option not in common}
    made = replace(make(**own), **common)
    return replace(made, name=full_name(name, given))
