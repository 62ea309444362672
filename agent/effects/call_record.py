"""What is recorded of a run's tool calls, and the words in which the policy is told of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ...journal.codec import observation_from, refusal_from
from ...journal.notice_text import told
from ...journal.notices import Notice, RefusedCall, UnknownOutcome
from ...journal.record.run_record import Effect, step_of
from ...journal.records import Observation, ToolCall
from ...ledger.account import Shortfall
from ...ledger.amount import Amount
from ...tools.functions.rendering import clean
from ...tools.invocation import Invocation
from .call_reader import CallReader
from .effect_log import Diverged, EffectLog


class CallRecord:
    """The record of one run's tool calls. What it tells the policy, it writes down.

    Args:
        effect_log: the run's record, log and account.
        reader: reads and prices calls.
    """

    def __init__(self, effect_log: EffectLog, reader: CallReader) -> None:
        self._effect_log = effect_log
        self._reader = reader
        self._taken: set[str] = set()
        """Keys whose record has been given out."""

    def find(self, key: str, call: ToolCall, reading: Invocation | Notice) -> Observation | None:
        """Returns what came of a call, or what the policy was told in its place, if it is known."""
        found = self._effect_log.effect(key)
        if found is None:
            return None
        effect = found.of_call(call)
        if effect.holds:
            self._taken.add(key)
        if effect.observed is not None:
            return observation_from(effect.observed)
        if self._effect_log.supposing:
            self._suppose(key, effect, call, reading)
        if effect.settled is not None:
            return observation_from(effect.settled)
        if effect.refused is not None:
            return refusal_from(effect.refused)
        for end in effect.ends.values():
            if end.kind == "unknown" and "observation" in end.body:
                return observation_from(end)
        left = [hold for hold in effect.holds if not effect.ended(hold)]
        tool = self._reader.tool(call)
        if not left or (tool is not None and (tool.spec.read_only or tool.spec.resumes)):
            return None
        observation = told(call, UnknownOutcome(tool=call.name))
        shown = observation.to_dict()
        last = left[-1].body["hold"]
        self._effect_log.write("unknown", key, hold=last, why="interrupted", observation=shown)
        return observation

    def paid_beside(self, key: str, call: ToolCall) -> Observation | None:
        """Returns what came of a call that an earlier process started ahead at another place.

        The reply that it came in was lost, and the one in its place has another order.
        """
        tool = self._reader.tool(call)
        if tool is None or not tool.spec.read_only or self._effect_log.strict:
            return None
        for other, effect in self._effect_log.recorded_beside(key):
            settled = effect.of_call(call).settled
            if settled is not None and other not in self._taken:
                self._taken.add(other)
                return observation_from(settled)
        return None

    def _suppose(
        self, key: str, effect: Effect, call: ToolCall, reading: Invocation | Notice
    ) -> None:
        """Books the recorded tries of a call in a what-if.

        Raises:
            Diverged: it would have been refused, not made, or made where it was refused.
        """
        if not effect.holds and effect.refused is None:
            return
        priced = self._reader.priced(reading) if isinstance(reading, Invocation) else reading
        if not isinstance(priced, Invocation):
            raise Diverged(step_of(key), f"a call of {call.name} is not made that was")
        wanted = amount(priced)
        for hold in effect.holds:
            end = effect.ends.get(hold.body["hold"])
            if end is None or end.kind != "release":
                self._effect_log.suppose(key, wanted)
        refused = effect.refused
        if (
            refused
            and refused.body["resource"] != "approval"
            and self._effect_log.account.fits(wanted)
        ):
            raise Diverged(step_of(key), f"a call of {call.name} is made that was refused")

    def tell(self, key: str, call: ToolCall, notice: Notice) -> Observation:
        """Records and returns what the policy is told of a call that comes to no hold."""
        observation = told(replace(call, name=clean(call.name)), notice)
        shown = observation.to_dict()
        self._effect_log.write(
            "observed", key, name=call.name, arguments=call.arguments, observation=shown
        )
        return observation

    def take_over(self, key: str, call: ToolCall, observation: Observation) -> Observation:
        """Records what came of the same call at another place, where it was paid."""
        self._effect_log.write(
            "observed", key, name=call.name, arguments=call.arguments,
            observation=observation.to_dict(),
        )  # fmt: skip
        return observation

    def refuse(self, key: str, call: ToolCall, shortfall: Shortfall) -> Observation:
        """Records and returns the ledger's no."""
        notice = RefusedCall.of(call.name, shortfall)
        return self._refused(key, call, shortfall.resource, shortfall.account, notice)

    def deny(self, key: str, call: ToolCall, notice: Notice) -> Observation:
        """Records and returns why a tool does not admit a call."""
        return self._refused(key, call, "approval", "", notice)

    def _refused(
        self, key: str, call: ToolCall, resource: str, account: str, notice: Notice
    ) -> Observation:
        observation = told(call, notice)
        self._effect_log.write(
            "refused", key, call="tool", name=call.name, arguments=call.arguments,
            resource=resource, account=account, why=observation.text,
            observation=observation.to_dict(),
        )  # fmt: skip
        return observation


def amount(call: Invocation) -> Amount:
    """Returns what a call takes from a budget."""
    return Amount.of_tool_call(call.name, call.usd or Decimal(0), call.units)
