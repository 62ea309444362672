"""A live run: what the nodes of a planner's graph work on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from ..ledger.account import Account
from ..ledger.amount import NOTHING
from ..ledger.effects import Effects, Refusal
from ..ledger.errors import BursarError, PolicyError
from ..ledger.records import Message, Observation, Reply, ToolCall, ToolChoice
from ..memory import Memory, Trajectory
from ..planners import Line, State, Status, Waste, block
from ..tools import Registry
from .asking import Asking, name_of
from .calling import Calling
from .desk import Desk

READABLE = (None, 4000, 1000, 250, 60)
"""Characters of an observation that the policy sees, by how much money is left to read it."""


class Arrived(Exception):
    """A replay has come to the step where it was to stop."""


class RunSession:
    """One live run.

    Args:
        desk: its record, log and account.
        asking: its policy calls.
        calling: its tool calls.
        tools: what it may call.
        memory: what the policy sees.
        system: the system message.
        task: what is asked.
        tracked: whether the policy is told its budget.
        ended: called once when the run has ended.
    """

    def __init__(
        self,
        desk: Desk,
        asking: Asking,
        calling: Calling,
        tools: Registry,
        memory: Memory,
        *,
        system: str,
        task: str,
        tracked: bool,
        ended: Callable[[], None],
    ) -> None:
        self.run = desk.log.run
        self.memory = memory
        self.task = task
        self.stop_at: int | None = None
        """Step at which a replay stops by raising Arrived."""
        self.final: State | None = None
        """The last state of a run that has ended."""
        self.desk = desk
        self._asking = asking
        self._calling = calling
        self._tools = tools
        self._ended = ended
        self._frontier = 0
        self._replies: dict[int, Message] = {}
        self._withdrawn: frozenset[str] = frozenset()
        shown = desk.value("open/-1/0/0", lambda: _block(desk.account) if tracked else "")
        opening = Message("user", f"{task}\n\n{shown}" if shown else task)
        self.trajectory = Trajectory((Message("system", system), opening))
        self.last_prompt = self.trajectory.messages

    @property
    def account(self) -> Account:
        return self.desk.account

    @property
    def pending(self) -> Message:
        return self._replies[max(self._replies)]

    @property
    def tools_left(self) -> bool:
        return not len(self._tools) or any(t not in self._withdrawn for t in self._tools.names)

    def enter(self, node: str, state: State) -> Entered:
        step = state.get("step", 0)
        if step == self.stop_at:
            raise Arrived
        if step < self._frontier:
            self.desk.open_branch(step)
            self.trajectory.rewind(state.get("length", 0))
            self._replies = {at: m for at, m in self._replies.items() if at < step}
        elif step > self._frontier:
            self.desk.forget_before(step)
        self._frontier = step
        return Entered(self, node, step)

    def replied(self, prompt: tuple[Message, ...], reply: Message) -> None:
        self.last_prompt = prompt
        self._replies[self._frontier] = reply

    def wasted(self, calls: Sequence[ToolCall]) -> Waste:
        meant = [self._tools.resolve(call) for call in calls]
        known = [call for call in meant if call.name in self._tools]
        sound = [c.name for c in known if not self._tools.get(c.name).fault(c.arguments)]
        if not sound:
            return "malformed"
        return "used up" if self._withdrawn.issuperset(sound) else ""

    async def observe(
        self, effects: Effects, reply: Message, observations: Sequence[Observation], tracked: bool
    ) -> None:
        def decide() -> dict[str, Any]:
            gone = self._calling.used_up()
            for name in gone:
                if name not in self._withdrawn:
                    self.desk.log.write("withdrawn", name=name)
            tail = _changes(self._withdrawn, gone) + ([_block(self.account)] if tracked else [])
            told = "\n\n".join(filter(None, tail))
            before = (*self.trajectory.messages, reply)
            for cut in READABLE:
                if self._asking.keep_back((*before, *_shown(observations, cut, told))):
                    break
            return {"cut": cut, "tail": told, "withdrawn": gone}

        decided = await effects.value(decide)
        self._withdrawn = frozenset(decided["withdrawn"])
        shown = _shown(observations, decided["cut"], decided["tail"])
        self.trajectory.append(reply, *shown)

    def end(self, state: State) -> None:
        if self.final is not None:
            return
        self.final = state
        self.account.reserve(NOTHING)
        self._calling.stop()
        if not self.desk.strict:
            self.desk.log.write(
                "run_ended", status=state["status"], answer=state.get("answer"),
                why=state.get("why", ""),
            )  # fmt: skip
        self._ended()

    def broke(self, error: BaseException) -> None:
        """Ends a run that an error breaks off, with the best answer there is."""
        if isinstance(error, Arrived) or self.final is not None:
            return
        if isinstance(error, BursarError) and not isinstance(error, PolicyError):
            self._ended()  # the book cannot be kept, or does not fit: there is nothing to write
            return
        cancelled = isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
        why = str(error) if isinstance(error, PolicyError) else name_of(error)
        status: Status = "cancelled" if cancelled else "failed"
        self.end({"status": status, "why": why, "answer": self.trajectory.best_answer})


class Entered:
    """The effects of one entry into a node: numbers its calls."""

    def __init__(self, session: RunSession, node: str, step: int, position: int = 0) -> None:
        self._session = session
        self._node = node
        self._step = step
        self._prefix = f"{node}/{step}/{position}"
        self._ordinal = 0

    def _key(self) -> str:
        self._ordinal += 1
        return f"{self._prefix}/{self._ordinal - 1}"

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        tool_choice: ToolChoice = "auto",
        max_tokens: int | None = None,
        last: bool = False,
        ahead: bool = False,
    ) -> Reply | Refusal:
        session = self._session

        def start(place: int, call: ToolCall) -> None:
            session._calling.start(f"act/{self._step + 1}/0/{place}", call)

        return await session._asking.ask(
            self._key(), self._node, tuple(messages), tool_choice, max_tokens, last,
            start if ahead else None,
        )  # fmt: skip

    async def call(self, calls: Sequence[ToolCall]) -> list[Observation]:
        return await self._session._calling.call([self._key() for _ in calls], calls)

    async def value(self, make: Callable[[], Any]) -> Any:
        return self._session.desk.value(self._key(), make)


def _shown(observations: Sequence[Observation], cut: int | None, tail: str) -> list[Message]:
    messages: list[Message] = []
    for position, observation in enumerate(observations):
        text = observation.text
        if cut is not None and len(text) > cut:
            text = f"{text[:cut]} [cut: no budget is left to read more]"
        if tail and position == len(observations) - 1:
            text = f"{text}\n\n{tail}"
        messages.append(Message("tool", text, tool_call_id=observation.call_id))
    return messages


def _changes(before: frozenset[str], now: Sequence[str]) -> list[str]:
    lost = [name for name in now if name not in before]
    back = sorted(before.difference(now))
    return [
        f"Used up, and no longer available: {', '.join(lost)}." if lost else "",
        f"Available again: {', '.join(back)}." if back else "",
    ]


def _block(account: Account) -> str:
    """The account's own limits; those of its ancestors only where it has none."""
    own = account.budget.limits
    spent = account.spent
    return block(
        Line(resource, spent[resource], account.remaining(resource) or 0)
        for resource in (own or account.limited())
    )
