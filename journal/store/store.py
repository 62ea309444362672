"""The store: a DuckDB database of all events, loaded from the journals whenever it is asked.

Runs write journals only. Whoever asks loads first, under one lock file, and closes the database
again, so any number of processes can share a folder.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from ...ledger.errors import UsageError
from ..events import Event
from ..file_lock import locked
from ..journal import is_live
from ..line import read
from ..old.name import STORE, rename_store
from .database import (
    DamagedStore,
    QueryResult,
    ask,
    check_reads,
    compact,
    empty,
    on_disk,
    opened,
    set_aside,
)
from .journal_rewrite import Change, rewrite
from .journal_scan import JournalOffset, JournalScan, damaged_lines
from .tables import count_events, insert, loaded_of, note, remove, replace

__all__ = ["LoadReport", "QueryResult", "Store"]

logger = logging.getLogger(__name__)

_RUNS_AT_ONCE = 2_000
"""Runs whose lines are in memory at a time when they are changed."""

_REF = """regexp_extract_all(body, '"ref":"([0-9a-f]{16})"', 1)"""
_OWN_REFS = (
    f"select unnest({_REF}) as ref from events where list_contains(?, run) "
    f"except select unnest({_REF}) from events where not list_contains(?, run) order by ref"
)


@dataclass(frozen=True)
class LoadReport:
    """What a load found."""

    events: int = 0
    """Events that were new."""
    torn: tuple[str, ...] = ()
    """Journals whose last line is incomplete and whose writer is gone: the line is left out."""
    corrupt: tuple[tuple[str, int], ...] = ()
    """(journal, line number) of lines that are no event: they are left out."""
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
    """The events of all runs in a folder. One that cannot be written is read all the same.

    Args:
        home: the folder; `home/journals` has the journals, `home/outlay.duckdb` the database.
        wait: seconds to wait for another process that uses the database.

    Raises:
        UsageError, JournalError: the store has the package's old name, and cannot be renamed.
    """

    def __init__(self, home: Path, *, wait: float = 30.0) -> None:
        rename_store(home)
        self._home = home
        self.journals = home / "journals"
        self._wait = wait
        self._told: set[str] = set()

    @cached_property
    def path(self) -> Path:
        """The database."""
        return self._folder / STORE

    @cached_property
    def _folder(self) -> Path:
        """Where the database is: in the home, or beside it where nobody may write there."""
        if not self._home.is_dir() or os.access(self._home, os.W_OK):
            return self._home
        folder = Path(tempfile.mkdtemp(prefix="outlay-store-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        if (self._home / STORE).exists():
            with on_disk(folder / STORE):
                shutil.copyfile(self._home / STORE, folder / STORE)
        return folder

    def load(self) -> LoadReport:
        """Adds what the journals have new. Loading twice adds nothing.

        Raises:
            JournalError: a file cannot be read or written, or is of a newer format.
        """
        if not self._exists():
            return LoadReport()
        with self._lock():
            return self._load_whole()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> QueryResult:
        """Loads, then runs a statement that only reads.

        Raises:
            UsageError: it does more than read, or DuckDB refuses it.
            JournalError: as for `load`.
        """
        try:
            return self._ask(sql, parameters)
        except DamagedStore:
            with self._lock():
                self._set_aside()
            return self._ask(sql, parameters)

    def _ask(self, sql: str, parameters: Sequence[Any]) -> QueryResult:
        with self.reading() as database:
            check_reads(database, sql)
            return ask(database, sql, parameters)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Loads, then opens the database for reading; nobody else can use it meanwhile.

        Raises:
            JournalError: as for `load`.
        """
        if not self._exists():
            with empty() as database:
                yield database
            return
        with self._lock():
            self._load_whole()
            with opened(self.path, read_only=True) as database:
                yield database

    def events(self, run: str) -> list[Event]:
        """Returns the events of a run in their order, whatever journals they stand in.

        Raises:
            UsageError: its texts were pruned.
            JournalError: as for `load`.
        """
        sql = "select id, body from events where run = ? order by seq, t"
        events = self._sound(self.query(sql, (run,)).rows)
        if any("pruned" in event.body for event in events):
            raise UsageError(
                f"the texts of run {run} were pruned: it is still listed and counted, but "
                "it cannot be shown or played again"
            )
        return events

    def events_of_experiment(self, experiment: str) -> Iterator[list[Event]]:
        """Yields the events of each run of an experiment, in the order in which they began.

        Of runs that were pruned the texts are empty.
        """
        rows = self.query(
            "select e.run, e.id, e.body from events e join runs r using (run) "
            "where r.experiment = ? order by r.started, e.run, e.seq, e.t",
            (experiment,),
        ).rows
        for _, group in groupby(rows, itemgetter(0)):
            yield self._sound((id, line) for _, id, line in group)

    def snapshot(self, path: Path) -> None:
        """Loads, then copies the database to `path`, for questions that take long.

        Raises:
            UsageError: there are no journals.
            JournalError: as for `load`, or the copy cannot be written.
        """
        if not self._exists():
            raise UsageError(f"{self._home} has no journals")
        with self._lock():
            self._load_whole()
            with opened(self.path) as database:
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
        if self._exists():
            with self._lock():
                self._load_whole()
                with opened(self.path) as database:
                    count = count_events(database, run)
                    if count:
                        self._rewrite(database, [run], None)
                        remove(database, [run])
                        return count
        raise UsageError(f"there is no run {run!r} in {self._home}: `outlay runs` lists them")

    def change(self, runs: Sequence[str], change: Change) -> int:
        """Writes the events of runs anew, in store and journals; returns how many bytes that freed.

        Args:
            change: changes an event, as it stands in its line, in place.

        Raises:
            UsageError: a live process still writes a journal of theirs.
            JournalError: as for `load`, or a file cannot be rewritten. Doing it again goes on.
        """
        if not runs or not self._exists():
            return 0
        with self._lock():
            self._load_whole()
            with opened(self.path) as database:
                before = self._size()
                self._rewrite(database, runs, change)
                for start in range(0, len(runs), _RUNS_AT_ONCE):
                    some = runs[start : start + _RUNS_AT_ONCE]
                    replace(database, some, change, self._folder / ".loading")
            compact(self.path)
            return before - self._size()

    def own_refs(self, runs: Sequence[str]) -> list[str]:
        """Returns the refs of outputs that these runs tell of and no other run does."""
        found = self.query(_OWN_REFS, (list(runs), list(runs)))
        return [ref for (ref,) in found.rows]

    def live_journals(self) -> list[str]:
        """Returns the names of the journals that a live process writes."""
        return [path.stem for path in self.journals.glob("*.jsonl") if is_live(path)]

    def _sound(self, rows: Iterable[Sequence[str]]) -> list[Event]:
        """Returns the events of ids and lines, each once; says which are damaged."""
        events: dict[str, Event] = {}
        for id, line in rows:
            data = read(line.encode())
            if data is None:
                self._warn([f"the event {id} is damaged and was left out"])
            else:
                events[id] = Event.from_dict(data)
        return list(events.values())

    def _exists(self) -> bool:
        return self.journals.is_dir() or self.path.exists()

    def _lock(self) -> AbstractContextManager[None]:
        return locked(self._folder / "store.lock", wait=self._wait)

    def _load_whole(self) -> LoadReport:
        """Loads; a damaged database is set aside and made again from the journals."""
        try:
            with opened(self.path) as database:
                return self._load(database)
        except DamagedStore:
            self._set_aside()
            with opened(self.path) as database:
                return self._load(database)

    def _set_aside(self) -> None:
        if self.path.exists():
            aside = set_aside(self.path)
            self._warn([f"the store was damaged: it is now {aside.name}, and is made again"])

    def _load(self, database: duckdb.DuckDBPyConnection) -> LoadReport:
        known = database.execute("select name, bytes, lines, format from journals").fetchall()
        scan = JournalScan(self.journals, {name: JournalOffset(*rest) for name, *rest in known})
        count = 0
        for batch in scan.batches():
            count += insert(database, batch, self._folder / ".loading")
        damaged = database.execute("select name from journals where corrupt > 0 order by name")
        corrupt = [
            (f"{name}.jsonl", line)
            for (name,) in damaged.fetchall()
            for line in damaged_lines(self.journals / f"{name}.jsonl")
        ]
        report = LoadReport(count, tuple(scan.torn), tuple(corrupt), tuple(scan.shorter))
        self._warn(report.problems)
        return report

    def _warn(self, problems: Sequence[str]) -> None:
        """Tells whoever reads what is wrong, each thing once."""
        for problem in problems:
            if problem not in self._told:
                self._told.add(problem)
                logger.warning("outlay: %s: %s", self.journals, problem)

    def _rewrite(
        self, database: duckdb.DuckDBPyConnection, runs: Sequence[str], change: Change | None
    ) -> None:
        """Writes the journals anew that the runs stand in, of those that are still there."""
        positions = loaded_of(database, runs)
        paths = {name: self.journals / f"{name}.jsonl" for name in positions}
        for path in paths.values():
            if is_live(path):
                raise UsageError(
                    f"{path.name} is still written by a live process: wait until that has ended"
                )
        for name, path in paths.items():
            if path.exists():
                note(database, name, rewrite(path, runs, change, positions[name]))

    def _size(self) -> int:
        files = [self.path, *self.journals.glob("*.jsonl")]
        return sum(path.stat().st_size for path in files)
