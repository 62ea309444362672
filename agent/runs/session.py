"""A live run: what the nodes of a planner's graph work on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...journal.effects import Effects
from ...journal.endings import FLAWS, Flaw, flaw_of
from ...journal.notice_text import for_policy
from ...journal.notices import Notice, UnreadOutput, notices_of
from ...journal.records import Message, Observation, Reply, ToolCall, ToolSpec
from ...ledger.account import Account
from ...ledger.amount import ZERO
from ...ledger.errors import OutlayError, PolicyError
from ...memory import Memory, Trajectory
from ...planners import (
    BudgetLine,
    Planner,
    Reason,
    State,
    Status,
    WastedTurn,
    budget_block,
    prompt,
    usual_reason,
)
from ...policies import RoutingStats
from ...tools import Toolset
from ...tools.invocation import Invocation
from ..effects.effect_log import Diverged, EffectLog
from ..effects.model_calls import ModelCalls, name_of
from ..effects.node_effects import ENDINGS_READ, NodeEffects
from ..effects.tool_calls import ToolCalls
from .routes import Routes, RunBrief
from .shown_observations import changes, shown

READABLE = (None, 4000, 1000, 250, 60)
"""Characters of an observation that the policy sees, by how much money is left to read it."""


class StopReplay(Exception):
    """A replay has come to the step where it was to stop."""


class RunSession:
    """One live run.

    Args:
        effect_log: its record, log and account.
        model_calls: its policy calls, by the name of the policy that is asked.
        tool_calls: its tool calls.
        tools: what it may call.
        memory: what the policy sees.
        planner: how it goes about it.
        system: the system message.
        brief: what is asked, and of whom first.
        routes: the policies that it may ask.
        ended: called once when the run has ended.
    """

    def __init__(
        self,
        effect_log: EffectLog,
        model_calls: Mapping[str, ModelCalls],
        tool_calls: ToolCalls,
        tools: Toolset,
        memory: Memory,
        *,
        planner: Planner,
        system: str,
        brief: RunBrief,
        routes: Routes,
        ended: Callable[[], None],
    ) -> None:
        self.run = effect_log.log.run
        self.memory = memory
        self.planner = planner
        self.task = brief.task
        self.task_class = brief.task_class
        self.prompts = brief.prompts
        self._loop = brief.loop
        self._flaws: dict[str, Flaw] = {}
        self.stop_at: int | None = None
        """Step at which a replay stops by raising Arrived."""
        self.before = ZERO
        """What counts against the budget of a fork, and was spent by the run it came from."""
        self.is_driven = False
        """Whether an agent waits for the run's end, and so books an error that breaks it off."""
        self.final: State | None = None
        """The last state of a run that has ended."""
        self.effect_log = effect_log
        self._model_calls = model_calls
        self._routes = routes
        self._models = [brief.model]
        self._tool_calls = tool_calls
        self._tools = tools
        self._ended = ended
        self._frontier = 0
        self._replies: dict[int, Message] = {}
        self._marks: dict[int, tuple[int, int]] = {}
        self._withdrawn: frozenset[str] = frozenset()
        self._system = Message("system", system)
        shown = effect_log.value("open/-1/0/0", self._block, told=True)
        self.attempts = [Trajectory((self._system, _opening(self.task, shown)))]
        self.last_prompt = self.trajectory.messages

    @property
    def account(self) -> Account:
        return self.effect_log.account

    @property
    def trajectory(self) -> Trajectory:
        return self.attempts[-1]

    @property
    def attempt(self) -> int:
        return len(self.attempts) - 1

    @property
    def model(self) -> str:
        return self._models[-1]

    @property
    def history(self) -> RoutingStats:
        return self._routes.history

    def ladder(self) -> list[str]:
        return self._routes.ladder(self.task_class)

    @property
    def _calls(self) -> ModelCalls:
        return self._model_calls[self.model]

    @property
    def pending(self) -> Message:
        return self._replies[max(self._replies)]

    @property
    def tokens(self) -> int:
        return int(self.account.spent["tokens"])

    @property
    def tools(self) -> list[ToolSpec]:
        return [spec for spec in self._tools.specs if spec.name not in self._withdrawn]

    @property
    def tools_left(self) -> bool:
        return not len(self._tools) or any(t not in self._withdrawn for t in self._tools.names)

    def enter(self, node: str, state: State) -> NodeEffects:
        step = state.get("step", 0)
        if step == self.stop_at:
            raise StopReplay
        if step < self._frontier:
            self.effect_log.open_branch(step)
            self._rewind(step)
            self._replies = {at: m for at, m in self._replies.items() if at < step}
        elif step > self._frontier:
            self.effect_log.forget_before(step)
            self._tool_calls.forget()
        self._frontier = step
        self._marks[step] = (len(self.attempts), self.trajectory.mark)
        return NodeEffects(
            self.effect_log, lambda: self._calls, self._tool_calls, node=node, step=step,
            loop=self._loop, replied=self._note_ending,
        )  # fmt: skip

    def _rewind(self, step: int) -> None:
        attempts, length = self._marks[step]
        del self.attempts[attempts:], self._models[attempts:]
        self.trajectory.rewind(length)
        self._marks = {at: mark for at, mark in self._marks.items() if at < step}

    def replied(self, prompt: tuple[Message, ...], reply: Message) -> None:
        self.last_prompt = prompt
        self._replies[self._frontier] = reply

    def _note_ending(self, reply: Reply) -> None:
        flaw, text = flaw_of(reply), reply.message.content
        if flaw is None:
            self._flaws.pop(text, None)
        else:
            self._flaws[text] = flaw

    def flaw(self, reply: Reply) -> Flaw | None:
        return flaw_of(reply) if self.reads_endings else None

    @property
    def reads_endings(self) -> bool:
        return self._loop >= ENDINGS_READ

    def wasted(self, calls: Sequence[ToolCall]) -> WastedTurn:
        read = [self._tool_calls.read(call) for call in calls]
        sound = [call.name for call, reading in read if isinstance(reading, Invocation)]
        if not sound:
            return "malformed"
        return "used up" if self._withdrawn.issuperset(sound) else ""

    def is_risky(self, call: ToolCall) -> bool:
        above = self.planner.critic
        meant, _ = self._tool_calls.read(call)
        if above is None or meant.name not in self._tools:
            return False
        tool = self._tools.get(meant.name)
        return not tool.spec.read_only or self._tool_calls.price(call) >= above

    async def observe(
        self,
        effects: Effects,
        reply: Message,
        observations: Sequence[Observation],
        remark: Notice | None = None,
    ) -> None:
        async def decide() -> dict[str, Any]:
            gone = self._tool_calls.used_up()
            for name in gone:
                if name not in self._withdrawn:
                    self.effect_log.log.write("withdrawn", name=name)
            notices = (*changes(self._withdrawn, gone), *notices_of(remark))
            tail = (*map(for_policy, notices), self._reminder(), self._block())
            told = "\n\n".join(filter(None, tail))
            for cut in READABLE:
                decided = {"cut": cut, "tail": told, "withdrawn": gone}
                if cut is not None:
                    decided["note"] = for_policy(UnreadOutput(shown=cut))
                then = self.trajectory.extended(reply, *shown(observations, decided))
                if await self._calls.keep_back(self.memory.shown(then)):
                    break
            return decided

        decided = await effects.value(decide, told=True)
        changed = changes(self._withdrawn, decided["withdrawn"])
        messages = shown(observations, decided, (*changed, *notices_of(remark)))
        self._withdrawn = frozenset(decided["withdrawn"])
        self.trajectory.observed(reply, messages, observations)

    async def tell(self, effects: Effects, told: str | Notice) -> None:
        shown = await effects.value(self._block, told=True)
        notice = None if isinstance(told, str) else told
        text = told if isinstance(told, str) else for_policy(told)
        self.trajectory.append(replace(_opening(text, shown), notice=notice))

    async def begin(self, effects: Effects, notes: str = "", *, model: str = "") -> bool:
        text = f"{self.task}\n\n{notes}" if notes else self.task
        return await self._start(effects, (self._system,), text, model or self.model)

    async def branch(self, effects: Effects, messages: Sequence[Message], told: str = "") -> bool:
        return await self._start(effects, messages, told, self.model)

    async def _start(
        self, effects: Effects, messages: Sequence[Message], told: str, model: str
    ) -> bool:
        def opening(shown: str) -> tuple[Message, ...]:
            return (*messages, _opening(told, shown)) if told else tuple(messages)

        def decide() -> dict[str, Any]:
            gone = self._tool_calls.used_up()
            shown = self._block()
            tools = not len(self._tools) or any(name not in gone for name in self._tools.names)
            starts = tools and self._model_calls[model].can_start(opening(shown))
            return {"starts": starts, "withdrawn": gone, "block": shown}

        decided = await effects.value(decide, told=True)
        if decided["starts"]:
            self._withdrawn = frozenset(decided["withdrawn"])
            self.attempts.append(Trajectory(opening(decided["block"]), len(self.attempts)))
            self._models.append(model)
            self.last_prompt = self.trajectory.messages
        return bool(decided["starts"])

    def is_read_only(self, call: ToolCall) -> bool:
        call, _ = self._tool_calls.read(call)
        return call.name not in self._tools or self._tools.get(call.name).spec.read_only

    def share(self) -> float:
        limits = self.account.budget.limits
        shares = [
            float((self.account.remaining(resource) or 0) / limit)
            for resource, limit in limits.items()
            if limit
        ]
        return max(0.0, min(shares, default=1.0))

    def _block(self) -> str:
        return _block(self.account) if self.planner.tracked else ""

    def _reminder(self) -> str:
        turns = sum(m.role == "assistant" for m in self.trajectory.messages) + 1
        if not self.planner.remind or turns % self.planner.remind:
            return ""
        return f"{prompt('reminder').text}\n{self.task}"

    def end(self, state: State) -> State:
        if self.final is not None:
            return self.final
        self.final = state = self._judged(state)
        self.account.end()
        self._tool_calls.cancel()
        try:
            if not self.effect_log.strict:
                self.effect_log.log.write(
                    "run_ended", status=state["status"], answer=state.get("answer"),
                    why=state.get("why", ""), reason=state["reason"],
                )  # fmt: skip
        finally:
            self._ended()
        return state

    def _judged(self, state: State) -> State:
        """Returns the end with its reason; no answer that was cut off, stopped or empty is one."""
        answer = state.get("answer") or ""
        flaw = self._flaws.get(answer) or (None if answer.strip() else "empty_reply")
        if state["status"] == "answered" and self.reads_endings and flaw is not None:
            return {
                **state,
                "status": "budget_exhausted" if flaw in ("length", "timed_out") else "failed",
                "why": FLAWS[flaw],
                "reason": flaw,
                "answer": answer if answer.strip() else self.trajectory.best_answer,
            }
        return {**state, "reason": state.get("reason") or usual_reason(state["status"])}

    def leave(self) -> None:
        """Lets go of a run that is not to be gone on with; nothing is written."""
        self.account.end()
        self._tool_calls.cancel()
        self._ended()

    async def broke(self, error: BaseException) -> None:
        """Ends a run that an error breaks off, with the best answer there is.

        Its end is the last that is written: what was started ahead is stopped and awaited, and so
        is the bill of a call that is read on.
        """
        if isinstance(error, StopReplay | Diverged) or self.final is not None or self.is_driven:
            return
        late: asyncio.CancelledError | None = None
        for ended in (self._tool_calls.stop, self.effect_log.finish):
            try:
                await ended()
            except asyncio.CancelledError as again:  # nobody wants to wait for bills any more
                self.effect_log.give_up()
                late = again
        self._book(error)
        if late is not None and not isinstance(error, asyncio.CancelledError):
            raise late

    def _book(self, error: BaseException) -> None:
        if isinstance(error, OutlayError) and not isinstance(error, PolicyError):
            self.leave()  # the book cannot be kept, or does not fit: there is nothing to write
            return
        cancelled = isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
        why = str(error) if isinstance(error, PolicyError) else name_of(error)
        status: Status = "cancelled" if cancelled else "failed"
        reason: Reason = "cancelled" if cancelled else "error"
        if isinstance(error, PolicyError):
            reason = "policy_error"
        best = self.trajectory.best_answer
        self.end({"status": status, "why": why, "answer": best, "reason": reason})


def _opening(text: str, shown: str) -> Message:
    return Message("user", f"{text}\n\n{shown}" if shown else text)


def _block(account: Account) -> str:
    """The account's own limits; those of its ancestors only where it has none."""
    own = account.budget.limits
    spent = account.spent
    return budget_block(
        BudgetLine(resource, spent[resource], account.remaining(resource) or 0)
        for resource in (own or account.limited())
    )
