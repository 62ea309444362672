"""Where a run's calls are looked up and written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ledger.account import Account
from ..ledger.errors import DriftError
from ..ledger.events import Kind
from .log import RunLog
from .record import Effect, Record, note, step_of


class Desk:
    """A run's record, log and account: what every effect needs.

    A key is `path/step/position/ordinal`; in the journal the branch stands before it.
    """

    def __init__(self, log: RunLog, record: Record, account: Account) -> None:
        self.log = log
        self.account = account
        self.branch = record.branch
        self.strict = record.strict
        self._recorded = record.effects
        self._live: dict[str, Effect] = {}
        self._steps = dict(record.steps)

    def effect(self, key: str) -> Effect | None:
        """Returns what is recorded under a key, by an earlier process or at this step."""
        return self._live.get(key) or self._recorded.get(key)

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

    def value(self, key: str, make: Callable[[], Any]) -> Any:
        """Returns `make()`, or what is recorded under the key."""
        effect = self.effect(key)
        if effect is not None and effect.value is not None:
            return effect.value.body["value"]
        self.expect_live(key)
        value = make()
        self.write("value", key, value=value)
        return value

    def expect_live(self, key: str) -> None:
        """Raises DriftError where only recorded answers are allowed."""
        if self.strict:
            raise DriftError(f"the record of run {self.log.run} ends before {key!r}")

    def hold_id(self, key: str, attempt: int) -> str:
        return f"{self.log.run}:{self.branch}/{key}#{attempt}"

    def forget_before(self, step: int) -> None:
        """Drops the answers of earlier steps: only the present one can be entered again."""
        self._live = {k: e for k, e in self._live.items() if step_of(k) >= step}

    def open_branch(self, step: int) -> None:
        """The graph went back: the steps from `step` on are taken anew, nothing is refunded."""
        self.branch += 1
        self._live.clear()
        self._recorded = {k: e for k, e in self._recorded.items() if step_of(k) < step}
        cut = min((seq for at, seq in self._steps.items() if at >= step), default=self.log.seq)
        self._steps = {at: seq for at, seq in self._steps.items() if at < step}
        self.log.write("run_resumed", mode="rewind", add=None, branch=self.branch, cut=cut)
