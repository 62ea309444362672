"""The store: a DuckDB database of all events, loaded from the journals whenever it is asked.

Runs write journals only. Whoever asks loads first, under one lock file, and closes the database
again, so any number of processes can share a folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson

from .database import Rows, ask, empty, insert, on_disk, opened
from .errors import JournalError, UsageError
from .events import Event
from .journal import is_live, locked
from .loading import Position, Scan, is_event

__all__ = ["Loaded", "Rows", "Store"]


@dataclass(frozen=True)
class Loaded:
    """What a load found."""

    events: int = 0
    """Events that were new."""
    torn: tuple[str, ...] = ()
    """Journals whose last line is incomplete and whose writer is gone: the line is left out."""
    corrupt: tuple[tuple[str, int], ...] = ()
    """(journal, line number) of new lines that are no event: they are left out."""
    shorter: tuple[str, ...] = ()
    """Journals that have become shorter: what was loaded of them is kept."""

    @property
    def problems(self) -> list[str]:
        """Returns a sentence for each thing that is not as it should be."""
        return [
            *(f"{name}: the last line is incomplete and was left out" for name in self.torn),
            *(f"{name}: line {line} is no event, it was left out" for name, line in self.corrupt),
            *(f"{name}: has become shorter since it was loaded" for name in self.shorter),
        ]


class Store:
    """The events of all runs in a folder.

    Args:
        home: the folder; `home/journals` has the journals, `home/bursar.duckdb` the database.
        wait: seconds to wait for another process that uses the database.
    """

    def __init__(self, home: Path, *, wait: float = 30.0) -> None:
        self.path = home / "bursar.duckdb"
        self._home = home
        self._journals = home / "journals"
        self._wait = wait

    def load(self) -> Loaded:
        """Adds what the journals have new. Loading twice adds nothing.

        Raises:
            JournalError: a file cannot be read or written, or is of a newer format.
        """
        if not self._exists():
            return Loaded()
        with self._lock(), opened(self.path) as database:
            return self._load(database)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Loads, then runs a statement that cannot change the store.

        Raises:
            UsageError: DuckDB refuses the statement.
            JournalError: as for `load`.
        """
        if not self._exists():
            with empty() as database:
                return ask(database, sql, parameters)
        with self._lock():
            with opened(self.path) as database:
                self._load(database)
            with opened(self.path, read_only=True) as database:
                return ask(database, sql, parameters)

    def events(self, run: str) -> list[Event]:
        """Returns the events of a run in their order, whatever journals they stand in."""
        rows = self.query("select body from events where run = ? order by seq, t", (run,)).rows
        return [_event(line) for (line,) in rows]

    def events_of_experiment(self, experiment: str) -> Iterator[list[Event]]:
        """Yields the events of each run of an experiment, in the order in which they began."""
        rows = self.query(
            "select e.body from events e join runs r using (run) where r.experiment = ? "
            "order by r.started, e.run, e.seq, e.t",
            (experiment,),
        ).rows
        events: list[Event] = []
        for (line,) in rows:
            event = _event(line)
            if events and events[-1].run != event.run:
                yield events
                events = []
            events.append(event)
        if events:
            yield events

    def snapshot(self, path: Path) -> None:
        """Loads, then copies the database to `path`, for questions that take long.

        Raises:
            UsageError: there is nothing to copy.
            JournalError: as for `load`, or the copy cannot be written.
        """
        if not self._exists():
            raise UsageError(f"there is nothing to copy: {self._home} has no journals")
        with self._lock():
            with opened(self.path) as database:
                self._load(database)
                database.execute("checkpoint")
            with on_disk(path):
                partial = path.with_name(f"{path.name}.partial")
                shutil.copyfile(self.path, partial)
                partial.replace(path)

    def forget(self, run: str) -> int:
        """Removes a run from the store and its journals; returns how many events that were.

        Raises:
            UsageError: there is no such run, or a live process still writes its journal.
            JournalError: as for `load`, or a journal cannot be rewritten.
        """
        if not self._exists():
            raise _no_run(run, self._home)
        with self._lock(), opened(self.path) as database:
            self._load(database)
            paths = self._journals_of(database, run)
            counted = database.execute("select count(*) from records where run = ?", [run])
            (count,) = counted.fetchone() or (0,)
            _unload(database, run, paths)
            for path in paths:
                _rewrite_without(path, run)
            self._load(database)
            return int(count)

    def _exists(self) -> bool:
        return self._journals.is_dir() or self.path.exists()

    def _lock(self) -> AbstractContextManager[None]:
        return locked(self._home / "store.lock", wait=self._wait)

    def _load(self, database: duckdb.DuckDBPyConnection) -> Loaded:
        known = database.execute("select name, bytes, lines, format from journals").fetchall()
        scan = Scan(self._journals, {name: Position(*rest) for name, *rest in known})
        count = 0
        corrupt: list[tuple[str, int]] = []
        for batch in scan.batches():
            new, bad = insert(database, batch, self._home / ".loading")
            count += new
            corrupt += bad
        return Loaded(count, tuple(scan.torn), tuple(corrupt), tuple(scan.shorter))

    def _journals_of(self, database: duckdb.DuckDBPyConnection, run: str) -> list[Path]:
        """Returns the files that the run stands in, of those that are still there."""
        names = database.execute(
            "select distinct journal from records where run = ?", [run]
        ).fetchall()
        if not names:
            raise _no_run(run, self._home)
        paths = [self._journals / f"{name}.jsonl" for (name,) in names]
        for path in paths:
            if is_live(path):
                raise UsageError(
                    f"run {run} stands in {path.name}, which a live process still writes: "
                    "wait until that process has ended"
                )
        return [path for path in paths if path.exists()]


def _unload(database: duckdb.DuckDBPyConnection, run: str, paths: Iterable[Path]) -> None:
    """Takes the run out, and all of the journals that are rewritten and loaded again next."""
    database.begin()
    database.execute("delete from records where run = ?", [run])
    for path in paths:
        database.execute("delete from records where journal = ?", [path.stem])
        database.execute("delete from journals where name = ?", [path.stem])
    database.commit()


def _rewrite_without(path: Path, run: str) -> None:
    """Replaces a journal by one without the run's events."""
    needle = run.encode()
    partial = path.with_suffix(".partial")
    with on_disk(path), path.open("rb") as old, partial.open("wb") as new:
        for line in old:
            if needle in line and (not is_event(line) or orjson.loads(line)["run"] == run):
                continue
            new.write(line)
        new.flush()
        os.fsync(new.fileno())
        partial.replace(path)


def _event(line: str) -> Event:
    try:
        return Event.from_dict(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise JournalError(f"an event of the store cannot be read: {error}: {line[:80]}") from error


def _no_run(run: str, home: Path) -> UsageError:
    return UsageError(f"there is no run {run!r} in {home}: `bursar runs` lists them")
