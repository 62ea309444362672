"""The state of a planner's graph, and the session that its nodes work on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, Protocol, TypedDict

from ..journal.effects import Effects
from ..journal.endings import Flaw
from ..journal.notices import Notice
from ..journal.prompt_files import PromptVersions
from ..journal.records import Message, Observation, Reply, ToolCall, ToolSpec
from ..memory import Memory, Trajectory
from ..policies import RoutingStats
from .announcements import Unfinished

Status = Literal["answered", "budget_exhausted", "failed", "cancelled"]

Reason = Literal[
    "answered",
    "budget",
    "length",
    "timed_out",
    "empty_reply",
    "content_filter",
    "broken_off",
    "malformed_calls",
    "no_answer",
    "policy_error",
    "error",
    "cancelled",
]
"""What ended a run. `length`: a reply was cut off, and what more there was did not mend it;
`no_answer`: a reply announced what it did not do, and so did the one after it."""

_REASONS: Mapping[Status, Reason] = {
    "answered": "answered", "budget_exhausted": "budget", "failed": "error",
    "cancelled": "cancelled",
}  # fmt: skip


def usual_reason(status: Status) -> Reason:
    """Returns the reason of a status where nothing more is known."""
    return _REASONS[status]


WastedTurn = Literal["", "malformed", "used up"]


class State(TypedDict, total=False):
    """Small on purpose: ids and counters. What was said and seen lies in the journal."""

    task: str
    """In: what the agent is asked."""
    run: str
    """The run's id; set by the first node, or by who started the run."""
    step: int
    """Nodes entered so far."""
    wasted: int
    """Turns in a row in which no tool call of the policy could do anything."""
    answer: str | None
    """Out: the answer, or the best there is."""
    status: Status
    """Out: how the run ended."""
    over: str
    """Why no more tools can be called, as the policy is told it; "" where `why` says it too."""
    why: str
    """Out: what ended a run that did not end by the policy's own answer."""
    reason: Reason | Literal[""]
    """Out: the same as one of a few words; "" while there is none."""


class PlannerSettings(Protocol):
    """What a session does at the wish of any planner."""

    @property
    def tracked(self) -> bool: ...

    @property
    def remind(self) -> int: ...

    @property
    def critic(self) -> Decimal | None: ...


class Session(Protocol):
    """One live run, as a planner's nodes see it."""

    @property
    def run(self) -> str: ...

    @property
    def task(self) -> str: ...

    @property
    def task_class(self) -> str:
        """The sort of task that it is filed under, or ""."""

    @property
    def history(self) -> RoutingStats:
        """What is logged of earlier runs; what follows from it is to be recorded."""

    @property
    def model(self) -> str:
        """The policy that the present attempt asks, by name."""

    def ladder(self) -> list[str]:
        """Returns the policies that attempts may ask, in the order in which to try them.

        It follows from the history, so it is to be recorded.
        """

    @property
    def prompts(self) -> PromptVersions | None:
        """The versions of prompts that its record names; None in a new run: the newest ones."""

    @property
    def loop(self) -> int:
        """The version of the loop by which it goes (`journal/loop_versions.py`)."""

    @property
    def planner(self) -> PlannerSettings: ...

    @property
    def memory(self) -> Memory: ...

    @property
    def trajectory(self) -> Trajectory:
        """The messages of the present attempt."""

    @property
    def attempts(self) -> Sequence[Trajectory]:
        """The trajectories of all attempts, the present one last."""

    @property
    def attempt(self) -> int:
        """The number of the present attempt, from 0."""

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

    def wasted(self, calls: Sequence[ToolCall]) -> WastedTurn:
        """Says whether none of the calls could do anything, and why."""

    def is_risky(self, call: ToolCall) -> bool:
        """Says whether a call is one for the planner's critic."""

    async def observe(
        self,
        effects: Effects,
        reply: Message,
        observations: Sequence[Observation],
        remark: Notice | None = None,
    ) -> None:
        """Appends a reply and what came of its calls to the trajectory.

        Observations are cut to what there is money left to read; what else the policy is told (a
        remark, a reminder, the Budget Tracker's block) follows the last of them.
        """

    async def tell(self, effects: Effects, told: str | Notice) -> None:
        """Appends a message to the policy to the trajectory: a prompt's text, or a notice."""

    async def begin(self, effects: Effects, notes: str = "", *, model: str = "") -> bool:
        """Begins a new attempt: the task again, and what is known by now.

        Args:
            model: the policy that it asks, one of the `ladder`; "" is the present one.

        Returns False, and changes nothing, if the budget cannot pay for its first call or no
        affordable tool is left.
        """

    async def branch(self, effects: Effects, messages: Sequence[Message], told: str = "") -> bool:
        """Begins a new attempt that goes on from `messages`, the beginning of an earlier one.

        Args:
            told: what the policy is told there.

        Returns False, and changes nothing, if the budget cannot pay for its first call or no
        affordable tool is left.
        """

    async def keep(self, effects: Effects, purpose: str, *, input: int) -> bool:
        """Keeps back, from now on, what the planner's call for a purpose may cost.

        Args:
            input: bytes of text that its prompt will hold.

        Returns False, and changes nothing, if that cannot be had beside what is kept already.
        """

    def forgo(self, purpose: str) -> None:
        """Keeps nothing back any more for the call for a purpose."""

    def is_read_only(self, call: ToolCall) -> bool:
        """Says whether a call changes nothing, so that another one may be tried in its place."""

    def share(self) -> float:
        """Returns the lowest share that remains of any limited resource, from 0 to 1."""

    @property
    def tokens(self) -> int:
        """All tokens that the run has been billed so far."""

    @property
    def has_tools(self) -> bool:
        """Whether the agent has any tools."""

    @property
    def tools(self) -> Sequence[ToolSpec]:
        """What it may call and the budget can still pay for."""

    @property
    def tools_left(self) -> bool:
        """False once the agent has tools and the budget can pay for none of them."""

    def flaw(self, reply: Reply) -> Flaw | None:
        """Says why a reply without tool calls is no answer, in a run that looks at that."""

    def unfinished(self, text: str) -> Unfinished:
        """Says whether a reply's text is no answer but a plan or a call, in a run that looks at
        that."""

    @property
    def reads_endings(self) -> bool:
        """Whether the run looks at how replies end; those of older journals do not."""

    def end(self, state: State) -> State:
        """Books the end of the run, once, and returns it.

        An answer that was cut off, stopped by a filter, or is empty is none: the status says so.
        """

    async def broke(self, error: BaseException) -> None:
        """Books the end of a run that an error breaks off, once all that it started has ended."""


SessionProvider = Callable[[State], Awaitable[Session]]
"""Finds the live session of a state; opens or resumes it where there is none."""
