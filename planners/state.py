"""The state of a planner's graph, and the session that its nodes work on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypedDict

from ..ledger.effects import Effects
from ..ledger.records import Message, Observation, ToolCall
from ..memory import Memory, Trajectory

Status = Literal["answered", "budget_exhausted", "failed", "cancelled"]


Waste = Literal["", "malformed", "used up"]


class State(TypedDict, total=False):
    """Small on purpose: ids and counters. What was said and seen lies in the journal."""

    task: str
    """In: what the agent is asked."""
    run: str
    """The run's id; set by the first node, or by who started the run."""
    step: int
    """Nodes entered so far."""
    length: int
    """Messages in the trajectory after that step."""
    wasted: int
    """Turns in a row in which no tool call of the policy could do anything."""
    answer: str | None
    """Out: the answer, or the best there is."""
    status: Status
    """Out: how the run ended."""
    why: str
    """Out: what ended a run that did not end by the policy's own answer."""


class Session(Protocol):
    """One live run, as a planner's nodes see it."""

    @property
    def run(self) -> str: ...

    @property
    def memory(self) -> Memory: ...

    @property
    def trajectory(self) -> Trajectory: ...

    @property
    def pending(self) -> Message:
        """The reply whose tool calls are to be run next."""

    @property
    def last_prompt(self) -> tuple[Message, ...]:
        """The last prompt that the policy answered, or the opening one."""

    def enter(self, node: str, state: State) -> Effects:
        """Returns the effects of a node that is entered at `state["step"]`."""

    def replied(self, prompt: tuple[Message, ...], reply: Message) -> None:
        """Takes note of a reply: its answer, or its tool calls that are `pending` now."""

    def wasted(self, calls: Sequence[ToolCall]) -> Waste:
        """Says whether none of the calls could do anything, and why."""

    async def observe(
        self, effects: Effects, reply: Message, observations: Sequence[Observation], tracked: bool
    ) -> None:
        """Appends a reply and what came of its calls to the trajectory.

        Observations are cut to what there is money left to read; with `tracked` the Budget
        Tracker's block follows the last of them.
        """

    @property
    def tools_left(self) -> bool:
        """False once the agent has tools and the budget can pay for none of them."""

    def end(self, state: State) -> None:
        """Books the end of the run, once."""

    def broke(self, error: BaseException) -> None:
        """Books the end of a run that an error breaks off."""
