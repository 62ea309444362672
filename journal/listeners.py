"""Who hears the events of runs, each after it is written."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from ..ledger.callbacks import guarded, name_of
from ..ledger.forks import fork_safe
from .events import Event

logger = logging.getLogger(__name__)

Listener = Callable[[Event], None]

_LOCK = fork_safe(threading.Lock())
"""For groups that change; listeners come and go too seldom for a lock of each group."""


class _Subscription:
    """A listener, and whether it was told already that it fails."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self._has_failed = False

    def tell(self, event: Event) -> BaseException | None:
        """Calls the listener; returns what is meant to end the process, if it raises that."""
        return guarded(self.listener, event, lambda: self._report(event))

    def _report(self, event: Event) -> None:
        if not self._has_failed:
            self._has_failed = True
            logger.exception(
                "the listener %s failed at event %d (%s) of run %s; it hears the next ones too",
                name_of(self.listener), event.seq, event.kind, event.run,
            )  # fmt: skip


class Listeners:
    """A group of listeners, with the groups that hear the same events.

    A listener that is in several groups hears an event once. One that raises loses nothing for
    anybody: its first error is logged with its name, and it hears the next events too.

    Args:
        listeners: those of this group from the start.
        beside: groups that hear all that this one hears.
    """

    def __init__(
        self, listeners: Iterable[Listener] = (), *, beside: Iterable[Listeners] = ()
    ) -> None:
        self._own = tuple(map(_Subscription, listeners))
        self._beside = tuple(beside)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Adds a listener and returns what takes it out again."""
        subscription = _Subscription(listener)

        def leave() -> None:
            with _LOCK:
                self._own = tuple(other for other in self._own if other is not subscription)

        with _LOCK:
            self._own = (*self._own, subscription)
        return leave

    def tell(self, event: Event) -> None:
        """Calls every listener with an event.

        What is meant to end the process, such as a KeyboardInterrupt, is raised when all have
        heard it.
        """
        stop: BaseException | None = None
        heard: list[Listener] = []
        for subscription in self._hearers():
            if subscription.listener not in heard:
                heard.append(subscription.listener)
                stop = subscription.tell(event) or stop
        if stop is not None:
            raise stop

    def _hearers(self) -> tuple[_Subscription, ...]:
        hearers = self._own
        for group in self._beside:
            hearers += group._hearers()
        return hearers
