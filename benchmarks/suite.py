"""What a benchmark is made of: suites of tasks, worlds with tools, scorers; and suites by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from ..ledger.errors import UsageError
from ..tools import Tool

ENTRY_POINTS = "bursar.suites"
"""The entry-point group under which other packages offer suites: name = `module:factory`."""

_BUILT_IN = {
    "almanac": "bursar.benchmarks.almanac:almanac",
    "game24": "bursar.benchmarks.game24:game24",
    "workshop": "bursar.benchmarks.workshop:workshop",
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """One item of a suite."""

    id: str
    """Unique within the suite, its knobs and the seed."""
    prompt: str
    """What the agent is asked: all that it sees besides the system prompt and the tools."""
    kind: str
    """The sort of question, by which reports may split."""
    hops: int | None = None
    """Facts to be followed one after the other, or None where the kind has no such number."""
    gold: tuple[str, ...]
    """Accepted answers. Never shown to the agent."""
    gold_cost: Decimal | None = None
    """Price in USD of the cheapest calls that reveal the answer, or None if it is not known."""
    gold_path: tuple[tuple[str, str], ...] = ()
    """Those calls in order, each as (tool, argument)."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What the suite needs to build the task's world, and what reports may want to know."""


class World(Protocol):
    """The simulated environment of one task."""

    def tools(self) -> Sequence[Tool]:
        """Returns the tools through which the agent meets the world."""


class Scorer(Protocol):
    """Judges an answer."""

    def score(self, task: Task, answer: str | None) -> float:
        """Returns a score from 0 to 1. An answer of None is a run that gave none."""


class Suite(Protocol):
    """A benchmark: tasks, a world for each, and a judge."""

    @property
    def name(self) -> str:
        """How the command line and reports name it."""

    @property
    def system_prompt(self) -> str:
        """A few plain sentences that tell any model how to work and how to answer."""

    @property
    def scorer(self) -> Scorer:
        """What judges the answers."""

    def tasks(self, n: int, seed: int) -> Sequence[Task]:
        """Returns the first `n` tasks of a seed; they are the same in every process."""

    def world(self, task: Task) -> World:
        """Returns a fresh world for a task of this suite."""


def is_success(score: float) -> bool:
    """Says whether a score counts as success: only a full one does."""
    return score >= 1


def suite_names() -> tuple[str, ...]:
    """Returns the names that `suite` knows, sorted."""
    return tuple(sorted(_addresses()))


def suite(name: str, **knobs: Any) -> Suite:
    """Returns a suite by name.

    Args:
        name: one of `suite_names()`.
        knobs: options of that suite; each suite documents its own.

    Raises:
        UsageError: the name or a knob is not known, or a knob's value makes no sense.
    """
    addresses = _addresses()
    if name not in addresses:
        raise UsageError(f"there is no suite {name!r}; known are: {', '.join(sorted(addresses))}")
    module, _, factory = addresses[name].partition(":")
    make = cast(Callable[..., Suite], getattr(importlib.import_module(module), factory))
    return make(**knobs)


def _addresses() -> dict[str, str]:
    offered = {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}
    return {**offered, **_BUILT_IN}
