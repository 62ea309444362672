"""Where a run's calls are looked up and written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from ...journal.event_writer import EventWriter
from ...journal.events import Kind
from ...journal.record.recorded_events import value_from
from ...journal.record.run_record import Effect, RunRecord, note, step_of
from ...journal.records import Message
from ...ledger.account import Account, Shortfall
from ...ledger.amount import Amount
from ...ledger.errors import DriftError


class Diverged(Exception):
    """A what-if has come to the first step that it changes; `why` says how."""

    def __init__(self, step: int, why: str) -> None:
        super().__init__(why)
        self.step = step
        self.why = why


class EffectLog:
    """A run's record, log and account: what every effect needs.

    A key is `path/step/position/ordinal`; in the journal the branch stands before it.
    """

    def __init__(self, log: EventWriter, record: RunRecord, account: Account) -> None:
        self.log = log
        self.account = account
        self.branch = record.branch
        self.strict = record.strict
        self.supposing = record.supposing
        self.inherited = record.inherited
        self.drains = False
        """Whether a policy call that is cancelled is read on in the background for its bill."""
        self.unread: dict[str, asyncio.Task[None]] = {}
        """The calls that are, by hold."""
        self.call_ids: set[str] = set()
        """Ids of the tool calls that the run's replies have made so far."""
        self._recorded = record.effects
        self._beside: dict[str, list[str]] | None = None
        self._live: dict[str, Effect] = {}
        self._steps = dict(record.steps)

    def effect(self, key: str) -> Effect | None:
        """Returns what is recorded under a key, by an earlier process or at this step."""
        return self._live.get(key) or self._recorded.get(key)

    def take_ids(self, messages: Iterable[Message]) -> None:
        """Takes note of the ids of the calls in messages."""
        self.call_ids.update(call.id for message in messages for call in message.tool_calls)

    def recorded_beside(self, key: str) -> list[tuple[str, Effect]]:
        """Returns what an earlier process recorded at other places of the same step, by key."""
        if not self._recorded:
            return []
        if self._beside is None:
            self._beside = {}
            for other in self._recorded:
                self._beside.setdefault(other.rpartition("/")[0], []).append(other)
        others = self._beside.get(key.rpartition("/")[0], ())
        return [(other, self._recorded[other]) for other in others if other != key]

    def write(self, kind: Kind, key: str, **body: Any) -> None:
        full = f"{self.branch}/{key}"
        self._steps.setdefault(step_of(key), self.log.seq)
        note(self._live, self.log.write(kind, full, **body))

    def try_write(self, kind: Kind, key: str, **body: Any) -> None:
        """Writes while another error is on its way: that one is the one to report."""
        try:
            self.write(kind, key, **body)
        except Exception:
            return

    async def finish(self) -> None:
        """Waits for the bills of calls that are read on; gives them up when this is cancelled."""
        stop: asyncio.CancelledError | None = None
        while left := [task for task in self.unread.values() if not task.done()]:
            try:
                await asyncio.wait(left)
            except asyncio.CancelledError as error:
                stop = error
                self.give_up()
        if stop is not None:
            raise stop

    def give_up(self) -> None:
        """Stops waiting for bills: those calls are booked in full."""
        for task in self.unread.values():
            task.cancel()

    def value(self, key: str, make: Callable[[], Any], *, told: bool = False) -> Any:
        """Returns `make()`, or what is recorded under the key.

        Raises:
            Diverged: in a what-if, the ledger has it otherwise than is recorded.
        """
        effect = self.effect(key)
        if effect is not None and effect.value is not None:
            recorded = value_from(effect.value)
            if self.supposing and told:
                now = _as_recorded(orjson.loads(orjson.dumps(make())), recorded)
                if now != recorded:
                    raise Diverged(step_of(key), f"the policy is told {_differs(recorded, now)}")
            return recorded
        self.expect_live(key)
        value = make()
        self.write("value", key, value=value)
        return value

    def has_value(self, key: str, *, told: bool) -> bool:
        """Says whether `value` gives back what is recorded, whatever is made now.

        Raises:
            DriftError: nothing is recorded, and only recorded answers are allowed.
        """
        effect = self.effect(key)
        if effect is None or effect.value is None:
            self.expect_live(key)
            return False
        return not (self.supposing and told)

    def suppose(self, key: str, amount: Amount, *, reserve: Amount | None = None) -> None:
        """Books a recorded call in a what-if.

        Raises:
            Diverged: it would have been refused.
        """
        held = self.account.try_hold(amount, reserve=reserve)
        if isinstance(held, Shortfall):
            raise Diverged(step_of(key), f"a call is refused: {held}")
        self.account.forfeit(held)

    def expect_live(self, key: str) -> None:
        """Raises DriftError where only recorded answers are allowed."""
        if self.strict:
            raise DriftError(f"the record of run {self.log.run} ends before {key!r}")

    def hold_id(self, key: str, attempt: int) -> str:
        """Returns an id that no other process gives, whatever it knows of the run."""
        return f"{self.log.run}:{self.branch}/{key}#{attempt}@{self.log.writer}"

    def forget_before(self, step: int) -> None:
        """Drops the answers of earlier steps: only the present one can be entered again."""
        self._live = {k: e for k, e in self._live.items() if step_of(k) >= step}

    def open_branch(self, step: int) -> None:
        """The graph went back: the steps from `step` on are taken anew, nothing is refunded."""
        self.branch += 1
        self._live.clear()
        self._recorded = {k: e for k, e in self._recorded.items() if step_of(k) < step}
        self._beside = None
        cut = min((seq for at, seq in self._steps.items() if at >= step), default=self.log.seq)
        self._steps = {at: seq for at, seq in self._steps.items() if at < step}
        self.log.write("run_resumed", mode="rewind", add=None, branch=self.branch, cut=cut)


def _as_recorded(now: Any, recorded: Any) -> Any:
    """Returns the fields that an earlier version recorded, where there are more by now."""
    if isinstance(now, dict) and isinstance(recorded, dict):
        return {name: value for name, value in now.items() if name in recorded}
    return now


def _differs(recorded: Any, now: Any) -> str:
    """Returns the first thing that differs, as short as it can be told."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        for name in recorded:
            if recorded[name] != now.get(name):
                return _differs(recorded[name], now.get(name))
    if isinstance(recorded, str) and isinstance(now, str):
        for old, new in zip(recorded.splitlines(), now.splitlines(), strict=False):
            if old != new:
                return f"{new!r} instead of {old!r}"
    return f"{now!r} instead of {recorded!r}"
