"""A run's own pen: numbers its events and shows each one to whoever listens."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from typing import Any

from .events import Event, Kind
from .journal import Journal

logger = logging.getLogger(__name__)

_BEFORE_A_CALL = frozenset({"run_started", "hold", "refused", "observed", "value", "withdrawn"})

Listener = Callable[[Event], None]


class EventWriter:
    """Appends the events of one run to the journal.

    Args:
        seq: number of the first event.
        seconds: the run's own time so far.
        listeners: called with each event after it is written.
    """

    def __init__(
        self,
        journal: Journal,
        run: str,
        *,
        seq: int = 0,
        seconds: float = 0.0,
        listeners: tuple[Listener, ...] = (),
    ) -> None:
        self.run = run
        self._journal = journal
        self.seq = seq
        """Number of the next event."""
        self._began = time.monotonic() - seconds
        self._listeners = listeners

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def write(self, kind: Kind, key: str = "", **body: Any) -> Event:
        """Writes an event and returns it.

        What only prepares a call is written with the call's hold, at the latest: nothing leaves
        the process before `durable` has returned.

        Raises:
            JournalError: it cannot be written.
        """
        event = Event(self.run, self.seq, kind, key, round(self.seconds, 6), body)
        self._journal.append(event, lazily=kind in _BEFORE_A_CALL)
        self.seq += 1
        if self._listeners:
            self._tell(event)
        return event

    def say(self, text: str) -> None:
        """Shows listeners a piece of a reply that is still streaming in; it is not journalled."""
        self._tell(Event(self.run, self.seq, "text", at=self.seconds, body={"text": text}))

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                logger.exception("a listener of run %s failed", self.run)

    async def durable(self) -> None:
        await self._journal.durable()


class NullWriter(EventWriter):
    """The pen of a run that is only played again: nothing is written or shown."""

    def __init__(self, run: str, seq: int, seconds: float) -> None:
        self.run = run
        self.seq = seq
        self._seconds = seconds

    @property
    def seconds(self) -> float:
        return self._seconds

    def write(self, kind: Kind, key: str = "", **body: Any) -> Event:
        return Event(self.run, self.seq, kind, key, self._seconds, body)

    def say(self, text: str) -> None:
        return None

    async def durable(self) -> None:
        return None


def new_run_id() -> str:
    """Returns an id that sorts by time: its first digits are the time, its last 5 are chance."""
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    number = int(time.time() * 1000)
    digits = ""
    while number:
        number, digit = divmod(number, 32)
        digits = alphabet[digit] + digits
    return digits + "".join(secrets.choice(alphabet) for _ in range(5))
