"""A live run: what the nodes of a planner's graph work on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ...journal.effects import Allowance, Effects
from ...journal.endings import FLAWS, Flaw, flaw_of
from ...journal.loop_versions import ANSWERS_DEMANDED, ENDINGS_READ
from ...journal.notice_text import for_policy
from ...journal.notices import Notice, UnreadOutput, notices_of
from ...journal.records import Message, Observation, Reply, ToolCall, ToolSpec
from ...ledger.account import Account
from ...ledger.amount import ZERO, Amount
from ...ledger.errors import OutlayError, PolicyError
from ...memory import Memory, Trajectory
from ...planners import (
    Planner,
    Reason,
    State,
    Status,
    WastedTurn,
    prompt,
    usual_reason,
)
from ...planners.announcements import NO_ANSWER, Unfinished, unfinished
from ...policies import RoutingStats
from ...tools import Toolset
from ...tools.invocation import Invocation
from ..effects.effect_log import Diverged, EffectLog
from ..effects.model_calls import ModelCalls, name_of
from ..effects.node_effects import NodeEffects
from ..effects.tool_calls import ToolCalls
from .routes import Routes, RunBrief
from .shown_observations import changes, shown
from .told_budget import ToldBudget

READABLE = (None, 4000, 1000, 250, 60)
"""Characters of an observation that the policy sees, by how much money is left to read it."""

_USUAL_RESERVE = Amount.of_model_call(Decimal("0.012345"), 12_345, 1_234)
"""A block is as long as one that tells of this, near enough to price itself with it."""


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
        kept: what is kept back for later calls.
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
        kept: tuple[Allowance, ...],
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
        self.loop = brief.loop
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
        self._kept = kept
        self._marks: dict[int, tuple[int, int, tuple[Allowance, ...]]] = {}
        self._withdrawn: frozenset[str] = frozenset()
        self._system = Message("system", system)
        self._budget = ToldBudget(self.account, tool_calls, brief)
        opening = (self._system, _opening(self.task, ""))
        shown = effect_log.value(
            "open/-1/0/0", lambda: self._opening_block(opening, brief.model), told=True
        )
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
    def has_tools(self) -> bool:
        return len(self._tools) > 0

    @property
    def tools(self) -> list[ToolSpec]:
        return [spec for spec in self._tools.specs if spec.name not in self._withdrawn]

    @property
    def tools_left(self) -> bool:
        return not self.has_tools or any(t not in self._withdrawn for t in self._tools.names)

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
        self._marks[step] = (len(self.attempts), self.trajectory.mark, self._kept)
        return NodeEffects(
            self.effect_log, lambda: self._calls, self._tool_calls, node=node, step=step,
            loop=self.loop, replied=self._note_ending,
        )  # fmt: skip

    def _rewind(self, step: int) -> None:
        attempts, length, kept = self._marks[step]
        del self.attempts[attempts:], self._models[attempts:]
        self.trajectory.rewind(length)
        self._keep(kept)
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

    def unfinished(self, text: str) -> Unfinished:
        if self.loop < ANSWERS_DEMANDED:
            return ""
        return unfinished(text, self._tools.names)

    @property
    def reads_endings(self) -> bool:
        return self.loop >= ENDINGS_READ

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
            before = (*map(for_policy, notices), self._reminder())

            def tail(reserve: Amount) -> str:
                return "\n\n".join(filter(None, (*before, self._block(reserve))))

            def reserve(decided: dict[str, Any]) -> Amount:
                then = self.trajectory.extended(reply, *shown(observations, decided))
                return self._calls.reserve(self.memory.shown(then))

            usual = tail(_USUAL_RESERVE)
            for cut in READABLE:
                decided = {"cut": cut, "tail": usual, "withdrawn": gone}
                if cut is not None:
                    decided["note"] = for_policy(UnreadOutput(shown=cut))
                kept = reserve(decided)
                told = decided["tail"] = tail(kept)
                if len(told) > len(usual):
                    kept = reserve(decided)
                if await self.account.keep_back(kept):
                    break
            return decided

        decided = await effects.value(decide, told=True)
        changed = changes(self._withdrawn, decided["withdrawn"])
        messages = shown(observations, decided, (*changed, *notices_of(remark)))
        self._withdrawn = frozenset(decided["withdrawn"])
        self.trajectory.observed(reply, messages, observations)

    async def tell(self, effects: Effects, told: str | Notice) -> None:
        notice = None if isinstance(told, str) else told
        text = told if isinstance(told, str) else for_policy(told)
        then = self.trajectory.extended(_opening(text, ""))
        shown = await effects.value(lambda: self._block_after(then), told=True)
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
            shown = self._opening_block(opening(""), model, prices=messages == (self._system,))
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

    async def keep(self, effects: Effects, purpose: str, *, input: int) -> bool:
        before = self._kept
        after = tuple(
            replace(each, on_demand=False, input=input) if each.purpose == purpose else each
            for each in before
        )

        async def decide() -> bool:
            self._keep(after)
            view = self.memory.shown(self.trajectory)
            fits = await self.account.keep_back(self._calls.reserve(view))
            self._keep(before)
            return fits

        kept = bool(await effects.value(decide, told=True))
        if kept:
            self._keep(after)
        return kept

    def forgo(self, purpose: str) -> None:
        self._keep(
            tuple(
                replace(each, on_demand=True) if each.purpose == purpose else each
                for each in self._kept
            )
        )

    def _keep(self, kept: tuple[Allowance, ...]) -> None:
        self._kept = kept
        for calls in self._model_calls.values():
            calls.keeps(kept)

    def is_read_only(self, call: ToolCall) -> bool:
        call, _ = self._tool_calls.read(call)
        return call.name not in self._tools or self._tools.get(call.name).spec.read_only

    def share(self) -> float:
        return self._budget.share(self._calls.reserve(self.memory.shown(self.trajectory)))

    def _block(self, reserve: Amount) -> str:
        return self._budget.block(reserve, self._kept_for) if self.planner.tracked else ""

    def _block_after(self, then: Trajectory) -> str:
        """Returns the block at the end of a trajectory."""
        if not self.planner.tracked:
            return ""
        return self._block(self._calls.reserve(self.memory.shown(then)))

    def _opening_block(
        self, messages: tuple[Message, ...], model: str, *, prices: bool = True
    ) -> str:
        """Returns the block at the end of the messages that an attempt begins with."""
        if not self.planner.tracked:
            return ""
        calls = self._model_calls[model]
        return self._budget.block(
            calls.reserve(messages), self._kept_for, prices=prices, tokens=calls.token_prices
        )

    @property
    def _kept_for(self) -> list[str]:
        return [each.purpose for each in self._kept if not each.on_demand]

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
        """Returns the end with its reason; no answer that was cut off, stopped, empty, a plan or a
        call is one."""
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
        said = self.unfinished(answer)
        if state["status"] == "answered" and said:
            return {**state, "status": "failed", "why": NO_ANSWER[said], "reason": "no_answer"}
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
