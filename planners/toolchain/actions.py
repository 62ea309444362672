"""The steps of a plan: tool calls in a canonical form, and what a policy proposes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ...journal.effects import Refusal
from ...journal.records import ToolCall
from ...tools.functions.rendering import encodable


@dataclass(frozen=True)
class Action:
    """A tool call as a step of a plan. Equal functions with equal arguments are one step."""

    name: str
    arguments: str = "{}"
    """JSON in canonical form; build one with `Action.of`."""

    @classmethod
    def of(cls, name: str, arguments: str) -> Action:
        """Returns the step that a call with this JSON text stands for."""
        return cls(name, canonical(arguments))

    def call(self, id: str) -> ToolCall:
        return ToolCall(id, self.name, self.arguments)

    def __str__(self) -> str:
        return f"{self.name} {self.arguments}"


FINISH = Action("")
"""The step that says: the plan is complete, no further call is needed."""


def canonical(arguments: str) -> str:
    """Returns JSON with sorted keys, no blanks and whole numbers as such; else the bare text."""
    try:
        value = json.loads(arguments or "{}", parse_float=_number)
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        text = arguments.strip()
    return encodable(text)


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value


@dataclass(frozen=True)
class Proposal:
    """One sample of what to do next."""

    action: Action
    remaining: int | None = None
    """Steps that the sample imagines after this one until the plan is complete; None: unknown."""


@dataclass(frozen=True)
class LookaheadResult:
    """What is seen when a step is tried out before the plan is carried out."""

    text: str = ""
    failed: bool = False
    """True if no plan can go on from here."""
    solved: bool = False
    """True if the goal is reached."""
    real: bool = False
    """True if the call was really made, so that it needs not be made again."""

    @property
    def told(self) -> str | None:
        """What a call that was really made brought, else None."""
        return self.text if self.real else None


@dataclass(frozen=True)
class PlanStep:
    """A step of a plan, with what was seen of it where it could be tried out."""

    action: Action
    sight: LookaheadResult | None = None


class Proposer(Protocol):
    """Samples next steps: a policy, or something embedded."""

    async def propose(self, path: Sequence[PlanStep], k: int) -> list[Proposal] | Refusal:
        """Returns up to `k` independent samples of the step after `path`, duplicates and all.

        A Refusal says that no further samples can be paid for.
        """


class Lookahead(Protocol):
    """Tries steps out before the plan is carried out, where that leaves no trace."""

    async def look(self, path: Sequence[Action]) -> LookaheadResult | None:
        """Returns what the last step of `path` brings, all before it having been tried out.

        None: this step has side effects, so it can only be planned.
        """
