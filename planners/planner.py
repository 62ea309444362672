"""What a planner is, and how it is named in text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from ..journal.effects import Allowance
from ..journal.records import Message
from .prompts import prompt
from .state import SessionProvider

_WHY_BYTES = 70
"""The most that the wrap-up says of what has run out."""


@dataclass(frozen=True, kw_only=True)
class Planner:
    """A strategy: how it builds its graph, and what the policy is told.

    Every planner takes the options `tracked`, `remind` and `critic` (`planner("bats", remind=4)`,
    or as text `bats:remind=4`).
    """

    name: str
    """How it is recorded, options included: `best_of:n=8`."""
    build: Callable[[SessionProvider], Any]
    """From what finds a state's live session to a LangGraph `StateGraph`."""
    prompts: tuple[str, ...] = ("react",)
    """The prompts that make up the system message, by name."""
    phases: tuple[str, ...] = ()
    """The prompts of its other policy calls: their purposes, by name."""
    allowances: tuple[Allowance, ...] = ()
    """What is kept back for calls before the wrap-up reply, in the order in which they come.

    One without a prompt is for the prompt that has the name of its purpose.
    """
    after_wrap_up: tuple[Allowance, ...] = ()
    """What is kept back for calls after the wrap-up reply."""
    escalates: bool = False
    """Whether attempts go up a router's ladder: a run then begins with its first rung."""
    tracked: bool = False
    """Whether the policy is told its budget (the Budget Tracker)."""
    remind: int = 0
    """Every so many turns the policy is reminded of its task; 0: never."""
    critic: Decimal | None = None
    """A critic looks at calls that cost this many USD or more, or are not read-only, before they
    are made; None: there is no critic."""

    @property
    def system(self) -> str:
        """What the policy is told in the system message."""
        return "\n\n".join(prompt(name).text for name in self._system)

    @property
    def versions(self) -> Mapping[str, str]:
        """The prompts of each purpose with their versions; "" are those of the system message."""
        system = ",".join(prompt(name).label for name in self._system)
        phases = ("wrap_up", *self.phases, *(("critic",) if self.critic is not None else ()))
        return {"": system, **{name: prompt(name).label for name in phases}}

    def kept(self, wrap_up_tokens: int) -> tuple[Allowance, ...]:
        """Returns all that is kept back, in the order of the calls, with the prompts of each."""
        told = _WHY_BYTES if "{why}" in prompt("wrap_up").text else 0
        wrap_up = Allowance(purpose="wrap_up", prompt=(), output=wrap_up_tokens, input=told)
        kept = (*self.allowances, wrap_up, *self.after_wrap_up)
        return tuple(_with_prompt(each) if not each.prompt else each for each in kept)

    @property
    def _system(self) -> tuple[str, ...]:
        return (*self.prompts, "budget") if self.tracked else self.prompts


def _with_prompt(allowance: Allowance) -> Allowance:
    return replace(allowance, prompt=(Message("user", prompt(allowance.purpose).text),))
