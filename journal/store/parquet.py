"""Events out to Parquet files and back in, each with its id and exactly as it was written.

A file has the columns of the view `events`; DuckDB, polars and others can query it as it is. What
comes in goes into journals, so the store can always be made again from them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ...ledger.errors import UsageError
from ..journal import is_live
from ..private_files import private_file, private_folder
from .database import ask, on_disk, opened, quoted
from .event_checks import fault_of
from .journal_scan import event_in
from .store import Store

_EXPORT = "copy (select * from events {where}) to {path} (format parquet, compression zstd)"
_JOURNALS = "select distinct journal from read_parquet(?) order by journal"
_NEW = """
select s.id, s.body from read_parquet($files) s
anti join (select id from events where journal = $journal) e on e.id = s.id
where s.journal = $journal
order by try_cast(split_part(s.id, ':', -1) as bigint), s.id
"""
_AT_ONCE = 20_000
"""Lines that are in memory at a time."""


def export_events(store: Store, path: Path) -> int:
    """Writes all events of a home; returns how many they are.

    Args:
        path: one file if it ends in `.parquet`, else a folder with one file for each journal.

    Raises:
        UsageError: there are no journals.
        JournalError: the store cannot be loaded, or the path cannot be written.
    """
    with _copy_of(store, path) as database:
        if path.suffix == ".parquet":
            return _write(database, path, "")
        with on_disk(path):
            path.mkdir(parents=True, exist_ok=True)
        journals = ask(database, "select distinct journal from events order by 1", ()).rows
        return sum(
            _write(database, path / f"{name}.parquet", f"where journal = {quoted(name)}")
            for (name,) in journals
        )


def import_events(store: Store, path: Path) -> int:
    """Adds the runs that are not there yet to the journals; returns how many events that were.

    What is known is never extended: a further event of a run that is here is an error. Every event
    is looked at before the first one is added.

    Args:
        path: a file or a folder that `export_events` has written.

    Raises:
        UsageError: it is none, an event is broken or of a run that is here, or a journal that it
            adds to is being written or was moved away.
        JournalError: a journal cannot be written. Importing again goes on.
    """
    files = sorted(map(str, path.glob("*.parquet"))) if path.is_dir() else [str(path)]
    if not files or not Path(files[0]).exists():
        raise UsageError(f"{path} has no events to import: `outlay export` writes such files")
    added = 0
    with store.reading() as database:
        known = {name for (name,) in ask(database, "select name from journals", ()).rows}
        runs = {run for (run,) in ask(database, "select distinct run from events", ()).rows}
        runs.discard("")  # events of a journal itself

        def here(journal: str) -> frozenset[str]:
            return frozenset(runs | {""} if journal in known else runs)

        names = [str(name) for (name,) in _asked(database, path, _JOURNALS, [files]).fetchall()]
        for name in names:
            _check_name(path, name)
            for _ in _new_lines(database, path, files, name, here(name)):
                pass
        for name in names:
            lines = _new_lines(database, path, files, name, here(name))
            added += _extend(store.journals / f"{name}.jsonl", lines, is_known=name in known)
    store.load()
    return added


@contextmanager
def _copy_of(store: Store, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens a copy of the store that lies beside `path`: others can use the store meanwhile."""
    copy = path.with_name(f"{path.name}.duckdb")
    store.snapshot(copy)
    try:
        with opened(copy, read_only=True) as database:
            yield database
    finally:
        copy.unlink(missing_ok=True)


def _write(database: duckdb.DuckDBPyConnection, path: Path, where: str) -> int:
    partial = path.with_name(f"{path.name}.partial")
    ((events,),) = ask(database, _EXPORT.format(where=where, path=quoted(partial)), ()).rows
    partial.replace(path)
    return int(events)


def _new_lines(
    database: duckdb.DuckDBPyConnection,
    path: Path,
    files: list[str],
    journal: str,
    runs: Collection[str],
) -> Iterator[bytes]:
    """Yields the lines of a journal that are not in the store yet, in their order.

    Raises:
        UsageError: one is broken, or belongs to one of these runs, which are known.
    """
    found = _asked(database, path, _NEW, {"files": files, "journal": journal})
    while rows := found.fetchmany(_AT_ONCE):
        for id, body in rows:
            line = str(body).encode(errors="replace")
            data = event_in(line)
            if b"\n" in line or data is None:
                raise UsageError(f"{path}: journal {journal!r} has a line that is no event")
            fault = "its id is not that of its row" if data["id"] != id else fault_of(data, journal)
            if fault is None and data["run"] in runs:
                fault = (
                    f"run {data['run']!r} is here already, and an import adds nothing to what is "
                    "here (`outlay forget` it first, to have it from there)"
                )
            if fault is not None:
                raise UsageError(f"{path}: event {str(id)[:200]!r} cannot be imported: {fault}")
            yield line + b"\n"


def _check_name(path: Path, journal: str) -> None:
    if not re.fullmatch(r"\w[\w.+-]{0,199}", journal):
        raise UsageError(f"{path}: journal {journal[:200]!r} has a line that is no event")


def _asked(
    database: duckdb.DuckDBPyConnection, path: Path, sql: str, parameters: object
) -> duckdb.DuckDBPyConnection:
    try:
        return database.execute(sql, parameters)
    except duckdb.Error as error:
        raise UsageError(f"{path} is no export of outlay: {error}".partition("\n")[0]) from error


def _extend(path: Path, lines: Iterator[bytes], *, is_known: bool) -> int:
    """Adds lines to a journal, all of them or none; returns how many."""
    first = next(lines, None)
    if first is None:
        return 0
    if is_live(path):
        raise UsageError(f"{path.name} is written by a live process: wait until it has ended")
    if is_known and not path.exists():
        raise UsageError(f"{path.name} was moved away: put it back, then import")
    partial = path.with_suffix(".partial")
    added = 1
    with on_disk(path):
        private_folder(path.parent)
        with private_file(partial) as file:
            if path.exists():
                with path.open("rb") as old:
                    shutil.copyfileobj(old, file)
                if _is_torn(path):
                    file.write(b"\n")
            file.write(first)
            for line in lines:
                file.write(line)
                added += 1
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    return added


def _is_torn(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        return file.read() not in (b"\n", b"")
