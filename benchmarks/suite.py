"""What a benchmark is made of: suites of tasks, worlds with tools, scorers; and suites by name."""

from __future__ import annotations

import importlib
import inspect
import runpy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

from ..journal.events import Event
from ..journal.record.recorded_calls import recorded_calls
from ..ledger.errors import ToolError, UsageError
from ..ledger.registry import Registry
from ..tools import Tool

_BUILT_IN = {
    "2wikimultihopqa": "outlay.benchmarks.suites.published.twowiki:twowiki",
    "almanac": "outlay.benchmarks.suites.almanac:almanac",
    "apibank": "outlay.benchmarks.suites.apibank.suite:apibank",
    "bfcl": "outlay.benchmarks.suites.bfcl.suite:bfcl",
    "bfcl_multi_turn": "outlay.benchmarks.suites.bfcl.multi_turn:bfcl_multi_turn",
    "dataset": "outlay.benchmarks.suites.published.dataset:dataset",
    "dbbench": "outlay.benchmarks.suites.dbbench.suite:dbbench",
    "game24": "outlay.benchmarks.suites.game24:game24",
    "gsm8k": "outlay.benchmarks.suites.published.gsm8k:gsm8k",
    "hotpotqa": "outlay.benchmarks.suites.published.hotpotqa:hotpotqa",
    "musique": "outlay.benchmarks.suites.published.musique:musique",
    "strategyqa": "outlay.benchmarks.suites.published.strategyqa:strategyqa",
    "tau2_telecom": "outlay.benchmarks.suites.tau.telecom:tau2_telecom",
    "tau_retail": "outlay.benchmarks.suites.tau.retail:tau_retail",
    "workshop": "outlay.benchmarks.suites.workshop:workshop",
}


SUITES: Registry[Callable[..., Suite]] = Registry(
    "suite", "suites", _BUILT_IN, hint=", and FILE.py:FUNCTION for one of your own"
)


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


@runtime_checkable
class MetricScorer(Protocol):
    """A scorer that tells more of a reply than its score."""

    def metrics(self, task: Task, text: str | None) -> Mapping[str, float]:
        """Returns figures from 0 to 1 by name, of the whole text of a reply."""


@runtime_checkable
class JudgingWorld(Protocol):
    """A world that judges what has become of it, where an answer alone does not tell."""

    def score(self, answer: str | None) -> float:
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


@runtime_checkable
class SolvableSuite(Protocol):
    """A suite whose gold solution is more than an answer."""

    def solve(self, task: Task, world: Any) -> str | None:
        """Makes the gold calls of a task in a world of its own and returns the gold answer."""


def judge(suite: Suite, task: Task, world: World, answer: str | None) -> float:
    """Returns the score of an answer, by the world that the run has left if that judges."""
    if isinstance(world, JudgingWorld):
        return world.score(answer)
    return suite.scorer.score(task, answer)


def metrics(scorer: Scorer, task: Task, text: str | None) -> Mapping[str, float]:
    """Returns what a scorer tells of a reply besides its score; nothing if it tells no more."""
    return scorer.metrics(task, text) if isinstance(scorer, MetricScorer) else {}


def solution(suite: Suite, task: Task, world: World) -> str | None:
    """Solves a task in its world as its gold says and returns the answer."""
    if isinstance(suite, SolvableSuite):
        return suite.solve(task, world)
    return f"Answer: {task.gold[0]}" if task.gold else None


def is_success(score: float) -> bool:
    """Says whether a score counts as success: only a full one does."""
    return score >= 1


@runtime_checkable
class DirectWorld(Protocol):
    """A world whose calls can be made without an agent."""

    def act(self, name: str, arguments: str) -> str:
        """Makes a call with arguments in JSON and returns what it answers.

        Raises:
            ToolError: it cannot be made.
        """


def restore(world: World, events: Iterable[Event]) -> None:
    """Brings a fresh world to where the recorded calls of a run had left it.

    A run that is resumed has the recorded calls answered from its journal, so they do not reach
    the world again. Calls with an unknown outcome count as not made. A world without `act` has
    nothing to restore.
    """
    if not isinstance(world, DirectWorld):
        return
    for call in recorded_calls(events):
        if call.is_tool and call.final:
            try:
                world.act(call.name, call.arguments)
            except ToolError:
                continue


def suite_names() -> tuple[str, ...]:
    """Returns the names that `suite` knows, sorted."""
    return tuple(sorted(SUITES.names()))


def about(name: str) -> str:
    """Returns in one line what a suite of `suite_names()` is."""
    return (importlib.import_module(SUITES.module(name)).__doc__ or "").strip().partition("\n")[0]


def suite(name: str, **knobs: Any) -> Suite:
    """Returns a suite by name.

    Args:
        name: one of `suite_names()`, or `FILE.py:FUNCTION` for a suite of one's own.
        knobs: options of that suite; each suite documents its own. All take `strict=True`, to
            refuse data of which they would leave out a record.

    Raises:
        UsageError: the name or a knob is not known, or a knob's value makes no sense.
    """
    file, _, function = name.rpartition(":")
    make = _own(Path(file), function) if file.endswith(".py") else SUITES.find(name)
    if knobs.get("strict") is True and "strict" not in inspect.signature(make).parameters:
        knobs.pop("strict")  # a suite that leaves nothing out
    try:
        inspect.signature(make).bind(**knobs)
    except TypeError as error:
        known = ", ".join(inspect.signature(make).parameters) or "none"
        raise UsageError(f"suite {name}: {error}; its knobs are: {known}") from error
    return make(**knobs)


def _own(file: Path, function: str) -> Callable[..., Suite]:
    if not file.is_file():
        raise UsageError(f"there is no file {file}: give FILE.py:FUNCTION")
    try:
        make = runpy.run_path(str(file)).get(function)
    except Exception as error:
        raise UsageError(f"{file} does not run: {type(error).__name__}: {error}") from error
    if not callable(make):
        raise UsageError(f"{file} has no function {function!r} that returns a suite")
    return cast(Callable[..., Suite], make)
