"""A run's own pen: numbers its events and shows each one to whoever listens."""

from __future__ import annotations

import secrets
import time
from typing import Any

from .events import Event, Kind
from .journal import Journal
from .listeners import Listeners

_BEFORE_A_CALL = frozenset({"run_started", "hold", "refused", "observed", "value", "withdrawn"})


class EventWriter:
    """Appends the events of one run to the journal.

    Args:
        seq: number of the first event.
        seconds: the run's own time so far.
        listeners: told of each event after it is written, in the journal's order.
    """

    def __init__(
        self,
        journal: Journal,
        run: str,
        *,
        seq: int = 0,
        seconds: float = 0.0,
        listeners: Listeners | None = None,
    ) -> None:
        self.run = run
        self.writer = journal.id[-8:]
        """Tells this process from others that write events of the run."""
        self._journal = journal
        self.seq = seq
        """Number of the next event."""
        self._began = time.monotonic() - seconds
        self._listeners = listeners or Listeners()
        self._has_ended = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def write(self, kind: Kind, key: str = "", **body: Any) -> Event:
        """Writes an event and returns it.

        After `run_ended` nothing is written or shown any more: what is not settled by then stays
        booked in full.

        What only prepares a call is written with the call's hold, at the latest: nothing leaves
        the process before `durable` has returned.

        Raises:
            JournalError: it cannot be written.
        """
        event = Event(self.run, self.seq, kind, key, round(self.seconds, 6), body)
        if self._has_ended:
            return event
        self._journal.append(event, lazily=kind in _BEFORE_A_CALL)
        self.seq += 1
        self._has_ended = kind == "run_ended"
        self._listeners.tell(event)
        return event

    def say(self, text: str) -> None:
        """Shows listeners a piece of a reply that is still streaming in; it is not journalled."""
        if self._has_ended:
            return
        piece = Event(self.run, self.seq, "text", at=self.seconds, body={"text": text})
        self._listeners.tell(piece)

    async def durable(self) -> None:
        await self._journal.durable()


class NullWriter(EventWriter):
    """The pen of a run that is only played again: nothing is written or shown."""

    def __init__(self, run: str, seq: int, seconds: float) -> None:
        self.run = run
        self.writer = ""
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
