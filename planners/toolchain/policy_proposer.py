"""Next steps from the policy: every sample is a plan to the end, of which the first step counts.

ToolChain* asks once for the next step and again for an imagined rest of the plan. Here one reply
has both: how many steps a sample still imagines is known without a further call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pydantic import BaseModel

from ...journal.effects import Refusal
from ...journal.records import Message, Reply, ReplySchema, ToolChoice, ToolSpec
from ..prompts import prompt
from ..reply_schemas import MOST_ITEMS, schema_of_plan
from ..structured_output import read
from .actions import FINISH, Action, PlanStep, Proposal

SEEN_CHARS = 500
"""Characters that are shown of what a step brought when it was tried out."""


class ProposedCall(BaseModel):
    tool: str
    arguments: dict[str, Any] = {}


class RemainingPlan(BaseModel):
    """What a sample says is still to be done."""

    steps: list[ProposedCall]


class ModelCaller(Protocol):
    """The part of `Effects` that proposals need."""

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        tool_choice: ToolChoice = "auto",
        purpose: str = "",
        max_tokens: int | None = None,
        samples: int = 1,
        schema: ReplySchema | None = None,
    ) -> Reply | Refusal: ...


class PolicyProposer:
    """Asks the policy for plans to the end, several at once.

    Args:
        effects: the door.
        opening: what stands before the question: system message and task.
        sound: says whether a step can be called at all; others are left out.
        max_tokens: the most that a plan may be written in.
        tools: what a step may call, and `depth` how many steps a plan may have: what servers
            that can hold the reply to.
    """

    def __init__(
        self,
        effects: ModelCaller,
        opening: Sequence[Message],
        sound: Callable[[Action], bool] = lambda action: True,
        max_tokens: int | None = None,
        *,
        tools: Sequence[ToolSpec] = (),
        depth: int = MOST_ITEMS,
    ) -> None:
        self._effects = effects
        self._opening = tuple(opening)
        self._sound = sound
        self._max_tokens = max_tokens
        self._schema = schema_of_plan(tools, most=depth)

    async def propose(self, path: Sequence[PlanStep], k: int) -> list[Proposal] | Refusal:
        reply = await self._effects.ask(
            (*self._opening, Message("user", question(path))),
            tool_choice="none", purpose="toolchain", samples=k,
            max_tokens=self._max_tokens,
            schema=self._schema,
        )  # fmt: skip
        if isinstance(reply, Refusal):
            return reply
        samples = (proposal(message.content) for message in (reply.message, *reply.others))
        return [s for s in samples if s and (s.action == FINISH or self._sound(s.action))]


def question(path: Sequence[PlanStep]) -> str:
    """Returns the question for the steps after a plan; equal beginnings make equal prefixes."""
    lines = [f"{place}. {_line(step)}" for place, step in enumerate(path, 1)]
    return "\n".join((prompt("toolchain").text, "", "Planned so far:", *(lines or ["nothing"])))


def proposal(text: str) -> Proposal | None:
    """Returns the step that a sample proposes, or None if it cannot be read."""
    rest = read(RemainingPlan, text)
    if isinstance(rest, str):
        return None
    if not rest.steps:
        return Proposal(FINISH, 0)
    first = rest.steps[0]
    return Proposal(Action.of(first.tool, json.dumps(first.arguments)), len(rest.steps) - 1)


def _line(step: PlanStep) -> str:
    if step.sight is None:
        return str(step.action)
    return f"{step.action} → {step.sight.text[:SEEN_CHARS]}"
