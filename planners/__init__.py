"""Planners: each builds its graph over the shared nodes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ..ledger.errors import UsageError
from .prompts import Prompt, prompt
from .state import Session, State, Status, Waste
from .tracker import Line, block

__all__ = [
    "Line",
    "Opener",
    "Planner",
    "Prompt",
    "Session",
    "State",
    "Status",
    "Waste",
    "block",
    "planner",
    "planner_names",
    "prompt",
]


Opener = Callable[[State], Awaitable[Session]]


@dataclass(frozen=True)
class Planner:
    """A strategy: how it builds its graph, and what the policy is told in the system message."""

    name: str
    build: Callable[[Opener], Any]
    """From what finds a state's live session to a LangGraph `StateGraph`."""
    prompts: tuple[str, ...] = ("react",)
    """The prompts that make up the system message, by name."""
    tracked: bool = False
    """Whether the policy is told its budget (the Budget Tracker)."""


def _react(session: Opener) -> Any:
    from .react import react

    return react(session)


def _tracker(session: Opener) -> Any:
    from .react import react

    return react(session, tracked=True)


_PLANNERS = {
    "react": Planner("react", _react),
    "tracker": Planner("tracker", _tracker, prompts=("react", "budget"), tracked=True),
}


def planner_names() -> tuple[str, ...]:
    return tuple(_PLANNERS)


def planner(name: str) -> Planner:
    """Returns the planner of that name.

    Raises:
        UsageError: there is none; the text names those that there are.
    """
    if name not in _PLANNERS:
        raise UsageError(f"no planner is called {name!r}: the planners are {', '.join(_PLANNERS)}")
    return _PLANNERS[name]
