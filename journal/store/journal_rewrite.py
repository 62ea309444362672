"""Journals written anew: without some runs' lines, or with other lines in their place."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from ..line import written
from ..private_files import private_file
from .database import on_disk
from .journal_scan import JournalOffset, event_in

Change = Callable[[dict[str, Any]], None]
"""Changes an event, as it stands in its line, in place."""


def rewrite(
    path: Path, runs: Collection[str], change: Change | None, loaded: JournalOffset
) -> JournalOffset:
    """Replaces a journal by one in which every line of the runs is changed.

    Args:
        path: the journal; no live process may write it.
        runs: whose lines change.
        change: what becomes of a line; None takes it out, and with it every damaged line that
            names one of the runs.
        loaded: how much of the journal is in the store.

    Returns how much of the new file that is.

    Raises:
        JournalError: the file cannot be read or written. It is then as it was.
    """
    wanted = frozenset(runs)
    partial = path.with_suffix(".partial")
    read = size = lines = 0
    kept = JournalOffset(format=loaded.format)
    with on_disk(path), path.open("rb") as old, private_file(partial) as new:
        for line in old:
            read += len(line)
            kept_line = _changed(line, wanted, change)
            new.write(kept_line)
            size += len(kept_line)
            lines += kept_line.count(b"\n")
            if read <= loaded.bytes and line.endswith(b"\n"):
                kept = JournalOffset(size, lines, loaded.format)
        new.flush()
        os.fsync(new.fileno())
        partial.replace(path)
    return kept


def _changed(line: bytes, runs: frozenset[str], change: Change | None) -> bytes:
    """Returns what a line becomes, with its line end; nothing if it is taken out."""
    event = event_in(line)
    if event is None:
        names_one = change is None and any(run.encode() in line for run in runs)
        return b"" if names_one else line
    if event["run"] not in runs:
        return line
    if change is None:
        return b""
    change(event)
    return written(event)
