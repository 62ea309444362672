"""A run as its page shows it: moments, and how much of each limit was used after each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ....journal.events import Event

Sort = Literal["reply", "tool", "trouble", "note"]


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """How much of a limit is gone."""

    resource: str
    used: float
    """Share of the limit that is spent; above 1 if a bill was larger than what was left."""
    held: float
    """Share that is set aside for calls under way, or for calls whose bill never came."""
    text: str
    """The same in figures: `$0.0021 used · $0.0004 held · $0.0075 left`."""


@dataclass(frozen=True, kw_only=True)
class RunSpan:
    """One policy call, tool call or incident."""

    seq: int
    """Place of its event in the run."""
    number: int | None
    """The step of the graph, from 1; None for what belongs to none."""
    sort: Sort
    by: str
    """The node that asked the policy, or the tool."""
    attempt: int
    """1 for the first try."""
    failed: bool
    what: str
    """A few words: a tool's arguments, or what went wrong."""
    text: str
    """What the policy said or was told, whole."""
    calls: Sequence[tuple[str, str]] = ()
    """Tools that the policy called, with their arguments."""
    cost: str
    tokens: str
    seconds: str
    gauges: Sequence[Gauge]
    """After it, one for each limit."""


@dataclass(frozen=True, kw_only=True)
class RunDetails:
    """All that is recorded of a run."""

    run: str
    task: str
    status: str
    facts: Sequence[tuple[str, str]]
    """Set-up, spend and judgement, by name."""
    answer: str | None
    gauges: Sequence[Gauge]
    """At its end, or now."""
    on_hold: Sequence[str]
    """Calls whose bill has not come, a line each."""
    moments: Sequence[RunSpan]


Told = Callable[[Sequence[Event], str], RunDetails]
"""Tells a run's events; the text is what to call a run that has not ended."""
