"""Tool calls through the effects door: a batch runs side by side, each call held and settled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..ledger.account import Hold, Shortfall
from ..ledger.amount import Amount
from ..ledger.errors import UsageError
from ..ledger.records import Observation, ToolCall
from ..tools import Registry, Tool, ToolContext
from .desk import Desk
from .pricing import ToolPrices
from .record import Effect, observation_from


@dataclass(frozen=True)
class _Sent:
    """A call that is on its way."""

    position: int
    key: str
    id: str
    tool: Tool
    call: ToolCall
    hold: Hold
    usd: Decimal | None


class Calling:
    """The tool calls of one run.

    Args:
        desk: the run's record, log and account.
        tools: what can be called.
        context: what tools are told of the run.
        prices: what calls cost.
    """

    def __init__(
        self,
        desk: Desk,
        tools: Registry,
        context: Callable[[str], ToolContext],
        prices: ToolPrices,
    ) -> None:
        self._desk = desk
        self._tools = tools
        self._context = context
        self._prices = prices

    async def call(self, keys: Sequence[str], calls: Sequence[ToolCall]) -> list[Observation]:
        """Returns what came of each call, in call order. Nothing that a tool does is raised."""
        found: dict[int, Observation] = {}
        sent: list[_Sent] = []
        for position, (key, call) in enumerate(zip(keys, calls, strict=True)):
            outcome = self._look_up_or_hold(position, key, call)
            if isinstance(outcome, _Sent):
                sent.append(outcome)
            else:
                found[position] = outcome
        if sent:
            await self._durable(sent)
            runs = [self._run(one) for one in sent]
            done = await _all(runs)
            found.update(zip((one.position for one in sent), done, strict=True))
        return [found[position] for position in range(len(calls))]

    def used_up(self) -> list[str]:
        """Returns the tools that the budget cannot pay another call of, in order."""
        account = self._desk.account
        return [
            tool.spec.name
            for tool in self._tools
            if not account.fits(Amount.of_tool_call(tool.spec.name, self._prices.least(tool)))
        ]

    def _look_up_or_hold(self, position: int, key: str, call: ToolCall) -> Observation | _Sent:
        """Returns a recorded or refused observation, or a call that is held and may leave."""
        if call.name not in self._tools:
            return self._tools.unknown(call)
        tool = self._tools.get(call.name)
        fault = tool.fault(call.arguments)
        if fault is not None:
            return Observation(call.id, call.name, f"Error: {fault}", True)
        effect = self._desk.effect(key)
        recorded = self._recorded(key, effect, tool, call)
        if recorded is not None:
            return recorded
        self._desk.expect_live(key)
        try:
            usd = self._prices.cost(tool, call.arguments)
        except UsageError as error:
            return Observation(call.id, call.name, f"Error: {error}", True)
        hold = self._desk.account.try_hold(Amount.of_tool_call(call.name, usd or Decimal(0)))
        if isinstance(hold, Shortfall):
            return self._refuse(key, call, hold)
        attempt = len(effect.holds) + 1 if effect else 1
        id = self._desk.hold_id(key, attempt)
        try:
            self._desk.write(
                "hold", key, hold=id, call="tool", name=call.name, node="act", attempt=attempt,
                usd=usd, input_tokens=0, output_tokens=0, price=self._prices.source(tool),
                arguments=call.arguments, call_id=call.id,
            )  # fmt: skip
        except BaseException:
            self._desk.account.release(hold)
            raise
        return _Sent(position, key, id, tool, call, hold, usd)

    def _refuse(self, key: str, call: ToolCall, shortfall: Shortfall) -> Observation:
        why = f"Not run: {shortfall}."
        self._desk.write(
            "refused", key, call="tool", name=call.name, resource=shortfall.resource,
            account=shortfall.account, why=why,
        )  # fmt: skip
        return Observation(call.id, call.name, why, True)

    def _recorded(
        self, key: str, effect: Effect | None, tool: Tool, call: ToolCall
    ) -> Observation | None:
        if effect is None:
            return None
        if effect.settled is not None:
            return observation_from(effect.settled)
        if effect.refused is not None:
            return Observation(call.id, call.name, effect.refused.body["why"], True)
        for end in effect.ends.values():
            if "observation" in end.body:
                return observation_from(end)
        left = [hold for hold in effect.holds if not effect.released(hold)]
        if not left or tool.spec.read_only:
            return None
        text = (
            f"The outcome of this call of {call.name} is unknown: the run was interrupted while it "
            "was under way. It may or may not have taken effect; check before you call it again."
        )
        observation = Observation(call.id, call.name, text, True)
        last = left[-1].body["hold"]
        self._desk.write(
            "unknown", key, hold=last, why="interrupted", observation=observation.to_dict()
        )
        return observation

    async def _durable(self, sent: Sequence[_Sent]) -> None:
        try:
            await self._desk.log.durable()
        except BaseException as error:
            for one in sent:
                self._desk.account.release(one.hold)
                why = f"never sent: {error!r}"
                self._desk.try_write("release", one.key, hold=one.id, why=why)
            raise

    async def _run(self, one: _Sent) -> Observation:
        account, log, call = self._desk.account, self._desk.log, one.call
        began = log.seconds
        try:
            async with asyncio.timeout(account.seconds_left):
                observation = await one.tool.run(call, self._context(call.id))
        except TimeoutError:
            text = "Cancelled: the deadline of the budget has passed."
            observation = Observation(call.id, call.name, text, True)
        except BaseException:
            account.forfeit(one.hold)
            self._desk.try_write("unknown", one.key, hold=one.id, why="cancelled")
            raise
        account.settle(one.hold, one.hold.amount)
        self._desk.write(
            "settle", one.key, hold=one.id, usd=one.usd, usd_by_class={"call": one.usd},
            seconds=round(log.seconds - began, 6), ok=not observation.error,
            observation=observation.to_dict(),
        )  # fmt: skip
        return observation


async def _all(runs: Sequence[Coroutine[Any, Any, Observation]]) -> list[Observation]:
    """Awaits every run, also when one fails: what was paid for is kept."""
    if len(runs) == 1:
        return [await runs[0]]
    done = await asyncio.gather(*runs, return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in done if isinstance(outcome, Observation)]
