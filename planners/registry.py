"""Planners by name, with options: `best_of`, `best_of:n=8:remind=4`."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from importlib.metadata import entry_points
from typing import Any, cast

from ..ledger.errors import UsageError
from .planner import Planner

ENTRY_POINTS = "bursar.planners"
"""The entry-point group under which other packages offer planners: name = `module:factory`."""

_BUILT_IN = {
    "react": "bursar.planners.react:react",
    "tracker": "bursar.planners.react:tracker",
    "sequential": "bursar.planners.sequential:sequential",
    "vote": "bursar.planners.vote:vote",
    "best_of": "bursar.planners.vote:best_of",
    "plan_execute": "bursar.planners.stepwise:plan_execute",
    "reflexion": "bursar.planners.reflexion:reflexion",
    "pdr": "bursar.planners.distill:pdr",
    "bats": "bursar.planners.bats:bats",
    "bavt": "bursar.planners.bavt:bavt",
    "toolchain": "bursar.planners.toolchain:toolchain",
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
    name, *texts = (part.strip() for part in name.split(":"))
    make = factory(name)
    types = _types(make)
    given = {**dict(_read(name, text, types) for text in texts), **options}
    for option in given:
        if option not in types:
            raise UsageError(f"planner {name} has no option {option!r}: it has {', '.join(types)}")
    common = {option: value for option, value in given.items() if option in _COMMON}
    own = {option: value for option, value in given.items() if option not in common}
    made = replace(make(**own), **common)
    return replace(made, name=":".join((name, *(f"{k}={_show(v)}" for k, v in given.items()))))


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


def _types(make: Callable[..., Planner]) -> dict[str, type]:
    """Returns the options of a planner with their types; those of every planner come last."""
    hints = typing.get_type_hints(make)
    own = {name: hints[name] for name in inspect.signature(make).parameters}
    return {**own, **{name: kind for name, kind in _COMMON.items() if name not in own}}


def _read(name: str, text: str, types: Mapping[str, type]) -> tuple[str, Any]:
    option, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"planner option {text!r} is not OPTION=VALUE: write e.g. {name}:remind=4")
    kind = types.get(option, str)
    try:
        if kind is bool:
            return option, {"true": True, "false": False}[value.lower()]
        return option, kind(value)
    except (ValueError, KeyError, InvalidOperation) as error:
        wanted = "true or false" if kind is bool else f"a value of type {kind.__name__}"
        raise UsageError(f"planner option {option}={value}: {wanted} is needed") from error


def _show(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
