"""Events into the store's tables, out of them, and others in their place."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import orjson

from ..events import FORMAT
from ..line import written
from ..private_files import private_file, private_folder
from . import views
from .database import number, on_disk
from .journal_scan import JournalChunk, JournalOffset

_LINE = 16 * 1024 * 1024
_START = JournalOffset()
_TABLES = ("records", "holds", "marks", "spans")


def insert(database: duckdb.DuckDBPyConnection, batch: Sequence[JournalChunk], folder: Path) -> int:
    """Adds the events of a batch in one transaction, and how far each journal is loaded.

    Args:
        folder: for the files that DuckDB reads; it is made, and removed afterwards.

    Returns how many events were added.
    """
    database.begin()
    added = _add(database, batch, folder)
    all_are_events = added == sum(piece.lines for piece in batch)
    for piece in batch:
        note(database, piece.name, piece.end, 0 if all_are_events else piece.corrupt)
    database.commit()
    return added


def note(
    database: duckdb.DuckDBPyConnection, name: str, loaded: JournalOffset, corrupt: int = 0
) -> None:
    """Notes how far a journal is loaded, and how many more of its lines are no event."""
    known = database.execute(
        "update journals set bytes = ?, lines = ?, corrupt = corrupt + ? where name = ?",
        [loaded.bytes, loaded.lines, corrupt, name],
    )
    if not number(known):
        database.execute(
            "insert into journals values (?, ?, ?, ?, ?)",
            [name, loaded.format, loaded.bytes, loaded.lines, corrupt],
        )


def loaded_of(database: duckdb.DuckDBPyConnection, runs: Sequence[str]) -> dict[str, JournalOffset]:
    """Returns the journals that runs stand in, and how far each is loaded."""
    rows = database.execute(
        "select name, bytes, lines, format from journals where name in "
        "(select journal from records where run in (select unnest(?::varchar[])))",
        [runs],
    ).fetchall()
    return {name: JournalOffset(*rest) for name, *rest in rows}


def count_events(database: duckdb.DuckDBPyConnection, run: str) -> int:
    """Returns how many events of a run are loaded."""
    return number(database.execute("select count(*) from records where run = ?", [run]))


def remove(database: duckdb.DuckDBPyConnection, runs: Sequence[str]) -> None:
    """Takes runs out of all tables."""
    database.begin()
    _remove(database, runs)
    database.commit()


def replace(
    database: duckdb.DuckDBPyConnection,
    runs: Sequence[str],
    change: Callable[[dict[str, Any]], None],
    folder: Path,
) -> None:
    """Puts changed events in the place of those of some runs, in one transaction.

    Args:
        change: changes an event, as it stands in its line, in place.
        folder: as for `insert`.
    """
    lines = database.execute(
        "select journal, line from records where run in (select unnest(?::varchar[])) "
        "order by journal, rowid",
        [runs],
    ).fetchall()
    pieces = [
        JournalChunk(name, _START, b"".join(_changed(line, change) for _, line in rows), FORMAT)
        for name, rows in groupby(lines, key=itemgetter(0))
    ]
    database.begin()
    _remove(database, runs)
    _add(database, pieces, folder)
    database.commit()


def _changed(line: str, change: Callable[[dict[str, Any]], None]) -> bytes:
    event = orjson.loads(line)
    change(event)
    return written(event)


def _add(database: duckdb.DuckDBPyConnection, batch: Sequence[JournalChunk], folder: Path) -> int:
    """Adds the events of a batch within a transaction; returns how many they are."""
    with on_disk(folder):
        paths = _spread(batch, folder)
    longest = max(map(_longest_line, batch))
    database.execute(views.statement("stage"), [paths, longest])
    database.execute(views.statement("sweep"))
    added = number(database.execute("select count(*) from fresh"))
    database.execute(views.statement("load"))
    shutil.rmtree(folder, ignore_errors=True)
    return added


def _remove(database: duckdb.DuckDBPyConnection, runs: Sequence[str]) -> None:
    for table in _TABLES:
        database.execute(
            f"delete from {table} where run in (select unnest(?::varchar[]))", [list(runs)]
        )


def _spread(batch: Sequence[JournalChunk], folder: Path) -> list[str]:
    shutil.rmtree(folder, ignore_errors=True)
    paths = []
    for piece in batch:
        path = folder / str(piece.start.bytes) / f"{piece.name}.jsonl"
        private_folder(path.parent)
        with private_file(path) as file:
            file.write(piece.data)
        paths.append(str(path))
    return paths


def _longest_line(piece: JournalChunk) -> int:
    """Returns a number of bytes that no line of the piece exceeds, 16 MiB at least.

    Where each half of that has a line's end in it, no line is as long as the whole.
    """
    half = _LINE // 2
    data = piece.data
    if all(data.find(b"\n", start, start + half) >= 0 for start in range(0, len(data), half)):
        return _LINE
    return max(_LINE, max(map(len, data.split(b"\n"))) + 1)
