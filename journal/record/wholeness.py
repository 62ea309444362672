"""Whether all that was written of a run is still there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..events import Event


def breaks(events: Sequence[Event]) -> Iterator[tuple[Event | None, Event]]:
    """Yields the events of a run around each place where some are missing.

    A run's `seq` is contiguous over all its journals; None stands for its beginning.

    Args:
        events: those of one run, in order.
    """
    before: Event | None = None
    for event in (event for event in events if event.seq >= 0):
        if event.seq > (0 if before is None else before.seq + 1):
            yield before, event
        before = event
