"""Where in the journals something is missing or cannot be read."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from ...ledger.errors import JournalError
from ..events import Event
from ..record.wholeness import breaks
from .journal_scan import complete_lines, event_in
from .store import Store

_RUN = re.compile(rb'"run":"([^"]*)"')
_LOST = """
select run, journal from records
semi join (select run from spans anti join (from marks where kind = 'run_started') using (run))
    using (run)
where journal in (select unnest(?::varchar[])) group by all order by all
"""


def check_whole(store: Store, run: str, events: Sequence[Event]) -> None:
    """Raises JournalError if something of a run is missing: what it paid for could be paid again.

    Args:
        events: all that is recorded of it, in order.
    """
    for before, after in breaks(events):
        where = _place(store.journals, before, after)
        raise JournalError(
            f"events of run {run} are missing or damaged {where}: put the journal back from a "
            "backup, or begin a new run; what is recorded would be paid again"
        )
    check_beginnings(store, {_journal(event) for event in events})
    last = events[-1]
    if last.kind == "run_ended":
        return
    path = store.journals / f"{_journal(last)}.jsonl"
    for number in _damaged_after(path, last, run):
        raise JournalError(
            f"line {number} of {path} is damaged and may be of run {run}, whose last events are "
            "then missing: put the journal back from a backup, or begin a new run"
        )


def check_beginnings(store: Store, journals: Collection[str]) -> None:
    """Raises JournalError if a run in one of the journals has lost its first event.

    Nobody knows any more whose sub-agent it was, or of which experiment.
    """
    for run, journal in store.query(_LOST, (list(journals),)).rows:
        path = store.journals / f"{journal}.jsonl"
        raise JournalError(
            f"the first event of run {run} is missing or damaged in {path}: put the journal back "
            f"from a backup, or take the run out (`outlay forget {run}`)"
        )


def _place(journals: Path, before: Event | None, after: Event) -> str:
    """Returns in words where something is missing before an event."""
    event = before or after
    path = journals / f"{_journal(event)}.jsonl"
    number = _line_of(path, event)
    if number is None:
        return f"in {path}"
    return f"{'before' if before is None else 'after'} line {number} of {path}"


def _damaged_after(path: Path, last: Event, run: str) -> list[int]:
    """Returns the lines after a run's last one that cannot be read and name no other run."""
    found: list[int] = []
    for number, line in enumerate(complete_lines(path), start=1):
        event = event_in(line)
        if event is not None:
            found = [] if event["id"] == last.id else found
            continue
        named = _RUN.search(line)
        if named is None or named[1].decode(errors="replace") == run:
            found.append(number)
    return found


def _line_of(path: Path, event: Event) -> int | None:
    """Returns the number of an event's line, from 1, or None where the file does not have it."""
    mark = f'"{event.id}"'.encode()
    return next((n for n, line in enumerate(complete_lines(path), start=1) if mark in line), None)


def _journal(event: Event) -> str:
    return event.id.partition(":")[0]
