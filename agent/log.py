"""A run's own pen: numbers its events and shows each one to whoever listens."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from ..ledger.events import Event, Kind
from ..ledger.journal import Journal

logger = logging.getLogger(__name__)

Listener = Callable[[Event], None]


class RunLog:
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

    def write(self, kind: Kind, key: str = "", **body: Any) -> None:
        """Writes an event to the operating system.

        Raises:
            JournalError: it cannot be written.
        """
        event = Event(self.run, self.seq, kind, key, round(self.seconds, 6), body)
        self._journal.append(event)
        self.seq += 1
        self._tell(event)

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
