"""Tool calls through the effects door: a batch runs side by side, each call held and settled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from langgraph.errors import GraphBubbleUp

from ...journal.notice_text import told
from ...journal.notices import CancelledCall, Notice, UnknownOutcome
from ...journal.record.run_record import Effect
from ...journal.records import Observation, ToolCall
from ...ledger.account import Hold, Shortfall
from ...ledger.amount import Amount
from ...tools import Tool, ToolContext, Toolset
from ...tools.invocation import Invocation, Reading
from .call_reader import CallReader
from .call_record import CallRecord, amount
from .effect_log import EffectLog
from .foreign_tools import admitted, made, pause_before_next
from .started_calls import StartedCall, StartedCalls, cancelled
from .tool_costs import ToolPrices

_Outcome = TypeVar("_Outcome")


@dataclass(frozen=True)
class _WantedCall:
    """A call that nothing is recorded of, and nothing speaks against but the budget."""

    key: str
    tool: Tool
    call: Invocation
    attempt: int
    asked: bool
    """Somebody was asked about it before the graph stopped for the answer."""


@dataclass(frozen=True)
class _UnadmittedCall:
    """A call that its tool does not admit."""

    key: str
    call: ToolCall
    why: Notice


@dataclass(frozen=True)
class _AdmittedCall:
    """A call that is to be made; without a hold it has to wait for money."""

    wanted: _WantedCall
    hold: Hold | None


@dataclass(frozen=True)
class _HeldCall:
    """A call whose hold is taken and journalled."""

    wanted: _WantedCall
    id: str
    hold: Hold


class ToolCalls:
    """The tool calls of one run.

    Args:
        effect_log: the run's record, log and account.
        tools: what can be called.
        context: what tools are told of the run, by key and call id.
        prices: what calls cost.
    """

    def __init__(
        self,
        effect_log: EffectLog,
        tools: Toolset,
        context: Callable[[str, str], ToolContext],
        prices: ToolPrices,
    ) -> None:
        self._effect_log = effect_log
        self._tools = tools
        self._context = context
        self._prices = prices
        self._reader = CallReader(tools, prices)
        self._record = CallRecord(effect_log, self._reader)
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._started = StartedCalls()
        self._has_stopped = False

    def start(self, key: str, call: ToolCall) -> None:
        """Starts a read-only call whose reply still streams in, if the budget can pay it now.

        `call` picks its observation up. What cannot be started is left to `call`.
        """
        meant, reading = self.read(call)
        if self._has_stopped or key in self._started or not isinstance(reading, Invocation):
            return
        if self._tools.get(meant.name).spec.read_only:
            task = asyncio.get_running_loop().create_task(self._run_ahead(key, meant, reading))
            self._started.add(StartedCall(key, meant, task))

    def cancel(self) -> None:
        """Cancels what was started ahead, without waiting for its end; it stays booked."""
        self._has_stopped = True
        self._started.cancel()

    async def keep(self, keys: Sequence[str], calls: Sequence[ToolCall]) -> None:
        """Cancels what was started and is no call of the reply, and waits for its end.

        It stays booked.
        """
        if self._started:
            left = self._started.keep(keys, [self.read(call)[0] for call in calls])
            await cancelled(started.task for started in left)

    async def stop(self) -> None:
        """Like `keep`, of nothing; nothing is started any more."""
        self._has_stopped = True
        await self.keep((), ())

    async def call(self, keys: Sequence[str], calls: Sequence[ToolCall]) -> list[Observation]:
        """Returns what came of each call, in call order. Nothing that a tool does is raised."""
        read = [self.read(call) for call in calls]
        started = self._started.take(keys, [meant for meant, _ in read])
        try:
            found = [await self._begun(*c) for c in zip(keys, read, started, strict=True)]
        except BaseException:
            await cancelled(one.task for one in started if one is not None)
            raise
        ready = [self._ready(one) for one in found]  # not before all have been asked about
        waiting = [self._when_paid(one) for one in ready if isinstance(one, _AdmittedCall)]
        held = [one for one in ready if isinstance(one, _HeldCall)]
        first, *later = await together([self._sent(held), *(map(_alone, waiting))])
        made, paid = iter(first), (one for wave in later for one in wave)
        return [
            next(made) if isinstance(one, _HeldCall)
            else next(paid) if isinstance(one, _AdmittedCall)
            else one
            for one in ready
        ]  # fmt: skip

    def tell(
        self, keys: Sequence[str], calls: Sequence[ToolCall], notices: Sequence[Notice]
    ) -> list[Observation]:
        """Returns what the policy is told of calls that are not made."""
        return [
            self._record.find(key, call, notice) or self._record.tell(key, call, notice)
            for key, call, notice in zip(keys, calls, notices, strict=True)
        ]

    def read(self, call: ToolCall) -> tuple[ToolCall, Reading]:
        """Returns the call that is really meant, and what came of reading it."""
        return self._reader.read(call)

    def forget(self) -> None:
        """Drops what was read before the present step and the one before it."""
        self._reader.forget()

    def price(self, call: ToolCall) -> Decimal:
        """Returns what a call of a tool costs in USD; what it does not tell itself is the least."""
        meant, reading = self.read(call)
        if isinstance(reading, Invocation):
            priced = self._reader.priced(reading)
            if isinstance(priced, Invocation):
                return priced.usd or Decimal(0)
        return self._prices.least(self._tools.get(meant.name))

    def least_prices(self) -> dict[str, Decimal]:
        """Returns what a call of each tool costs in USD at least, by name."""
        return {tool.spec.name: self._prices.least(tool) for tool in self._tools}

    def used_up(self) -> list[str]:
        """Returns the tools that the budget cannot pay another call of, in order."""
        account = self._effect_log.account
        return [
            tool.spec.name
            for tool in self._tools
            if not account.fits(Amount.of_tool_call(tool.spec.name, self._prices.least(tool)))
        ]

    async def _run_ahead(self, key: str, call: ToolCall, reading: Reading) -> Observation | None:
        try:
            found = await self._look_up(key, call, reading)
        except GraphBubbleUp:
            return None  # the question is asked where the whole batch is admitted
        ready = self._ready(found)
        if isinstance(ready, _AdmittedCall):
            return None  # it may be paid once the reply's own hold is settled
        return ready if isinstance(ready, Observation) else (await self._sent([ready]))[0]

    async def _begun(
        self, key: str, read: tuple[ToolCall, Reading], started: StartedCall | None
    ) -> Observation | _UnadmittedCall | _AdmittedCall:
        """Returns what came of a call that was started ahead, or looks it up."""
        call, reading = read
        observation = await started.task if started is not None else None
        if observation is None or started is None:
            return await self._look_up(key, call, reading)
        own = replace(observation, call_id=call.id)
        return own if started.key == key else self._record.take_over(key, call, own)

    async def _look_up(
        self, key: str, call: ToolCall, reading: Reading
    ) -> Observation | _UnadmittedCall | _AdmittedCall:
        """Returns a recorded observation, why there is none, or a call that is to be made."""
        recorded = self._record.find(key, call, reading)
        if recorded is not None:
            return replace(recorded, call_id=call.id)
        paid = self._record.paid_beside(key, call)
        if paid is not None:
            return self._record.take_over(key, call, replace(paid, call_id=call.id))
        priced = self._reader.priced(reading) if isinstance(reading, Invocation) else reading
        if not isinstance(priced, Invocation):
            return self._record.tell(key, call, priced)
        self._effect_log.expect_live(key)
        effect = self._effect_log.effect(key) or Effect()
        asked = effect.value is not None
        tool = self._tools.get(call.name)
        return await self._admit(_WantedCall(key, tool, priced, len(effect.holds) + 1, asked))

    async def _admit(self, wanted: _WantedCall) -> Observation | _UnadmittedCall | _AdmittedCall:
        """Asks the tool, but not about a call that the budget cannot pay; holds meanwhile.

        The graph may stop for an answer and enter the node again. LangGraph gives answers out in
        the order of the questions, so what was asked about once is always asked about again.
        """
        key, call, account = wanted.key, wanted.call, self._effect_log.account
        wants = amount(call)
        hold = account.try_hold(wants, soft=tuple(wants))
        if isinstance(hold, Shortfall) and not (hold.blocked or wanted.asked):
            return self._record.refuse(key, call, hold)
        held = hold if isinstance(hold, Hold) else None
        try:
            denied = await admitted(wanted.tool, call, self._context(key, call.id))
        except BaseException as error:
            if held is not None:
                account.release(held)
            if isinstance(error, GraphBubbleUp) and not wanted.asked:
                self._effect_log.write("value", key, value="asked")
            raise
        if denied is None:
            return _AdmittedCall(wanted, held)
        if held is not None:
            account.release(held)
        return _UnadmittedCall(key, call, denied)

    def _ready(
        self, found: Observation | _UnadmittedCall | _AdmittedCall
    ) -> Observation | _AdmittedCall | _HeldCall:
        """Journals denials and holds."""
        if isinstance(found, _UnadmittedCall):
            return self._record.deny(found.key, found.call, found.why)
        if isinstance(found, _AdmittedCall) and found.hold is not None:
            self._effect_log.account.harden(found.hold)
            return self._write_hold(found.wanted, found.hold)
        return found

    async def _when_paid(self, admitted: _AdmittedCall) -> Observation:
        """Makes a call once the money for it is free."""
        held = await self._hold(admitted.wanted)
        return held if isinstance(held, Observation) else (await self._sent([held]))[0]

    async def _hold(self, wanted: _WantedCall) -> Observation | _HeldCall:
        hold = await self._effect_log.account.hold(amount(wanted.call))
        if isinstance(hold, Shortfall):
            return self._record.refuse(wanted.key, wanted.call, hold)
        return self._write_hold(wanted, hold)

    def _write_hold(self, wanted: _WantedCall, hold: Hold) -> _HeldCall:
        key, call = wanted.key, wanted.call
        id = self._effect_log.hold_id(key, wanted.attempt)
        try:
            self._effect_log.write(
                "hold", key, hold=id, call="tool", name=call.name, node="act",
                attempt=wanted.attempt, usd=call.usd, input_tokens=0, output_tokens=0,
                price=self._prices.source(wanted.tool), arguments=call.arguments,
                call_id=call.id, calls=call.units,
            )  # fmt: skip
        except BaseException as error:
            self._effect_log.account.release(hold)
            self._effect_log.try_write("release", key, hold=id, why=f"never sent: {error!r}")
            raise
        return _HeldCall(wanted, id, hold)

    async def _sent(self, held: Sequence[_HeldCall]) -> list[Observation]:
        if held:
            await self._durable(held)
        return await together([self._run(one) for one in held])

    async def _durable(self, sent: Sequence[_HeldCall]) -> None:
        try:
            await self._effect_log.log.durable()
        except BaseException as error:
            for one in sent:
                self._effect_log.account.release(one.hold)
                why = f"never sent: {error!r}"
                self._effect_log.try_write("release", one.wanted.key, hold=one.id, why=why)
            raise

    async def _run(self, one: _HeldCall) -> Observation:
        """Makes a call, and makes it again as often as its tool says."""
        wanted = one.wanted
        while True:
            began = self._effect_log.log.seconds
            observation = await self._once(one)
            seconds = self._effect_log.log.seconds - began
            pause = pause_before_next(wanted.tool, observation, wanted.attempt)
            self._settle(one, observation, seconds, final=pause is None)
            if pause is None:
                return observation
            left = self._effect_log.account.seconds_left
            await asyncio.sleep(pause if left is None else min(pause, max(left, 0)))
            wanted = replace(wanted, attempt=wanted.attempt + 1)
            following = await self._hold(wanted)
            if isinstance(following, Observation):
                return following
            one = following
            await self._durable([one])

    async def _once(self, one: _HeldCall) -> Observation:
        tool, call, account = one.wanted.tool, one.wanted.call, self._effect_log.account
        is_made = False
        try:
            async with asyncio.timeout(account.seconds_left), self._gate(tool):
                is_made = True
                return await made(tool, call, self._context(one.wanted.key, call.id))
        except TimeoutError:
            if tool.spec.read_only or not is_made:
                return told(call, CancelledCall(tool=call.name))
            late = "the deadline of the budget passed"
            return told(call, UnknownOutcome(tool=call.name, why=late))
        except BaseException:
            self._forfeit(one)
            raise

    def _forfeit(self, one: _HeldCall) -> None:
        def record() -> None:
            self._effect_log.try_write("unknown", one.wanted.key, hold=one.id, why="cancelled")

        self._effect_log.account.forfeit(one.hold, record=record)

    def _settle(
        self, one: _HeldCall, observation: Observation, seconds: float, *, final: bool
    ) -> None:
        usd = one.wanted.call.usd

        def record() -> None:
            self._effect_log.write(
                "settle", one.wanted.key, hold=one.id, usd=usd, usd_by_class={"call": usd},
                seconds=round(seconds, 6), ok=not observation.error, final=final,
                observation=observation.to_dict(),
            )  # fmt: skip

        self._effect_log.account.settle(one.hold, one.hold.amount, record=record)

    def _gate(self, tool: Tool) -> AbstractAsyncContextManager[Any]:
        if tool.concurrency is None:
            return nullcontext()
        gate = self._gates.get(tool.spec.name)
        if gate is None:
            gate = self._gates[tool.spec.name] = asyncio.Semaphore(tool.concurrency)
        return gate


async def _alone(run: Coroutine[Any, Any, Observation]) -> list[Observation]:
    return [await run]


async def together(runs: Sequence[Coroutine[Any, Any, _Outcome]]) -> list[_Outcome]:
    """Awaits every run side by side, also when one fails: what was paid for is kept."""
    if len(runs) == 1:
        return [await runs[0]]
    done = await asyncio.gather(*runs, return_exceptions=True)
    kept: list[_Outcome] = []
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
        kept.append(outcome)
    return kept
