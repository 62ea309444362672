"""The store: a DuckDB database of all events, loaded from the journals whenever it is asked.

Runs write journals only. Whoever asks loads first, under one lock file, and closes the database
again, so any number of processes can share a folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson

from . import views
from .errors import JournalError, UsageError
from .events import Event
from .journal import is_live, locked
from .loading import Piece, Position, Scan, is_event

FORMAT = 1
"""Version of the store's tables."""

_SETTINGS: dict[str, Any] = {"autoinstall_known_extensions": False}


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


@dataclass(frozen=True)
class Rows:
    """The answer to a query."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


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
        with self._lock(), self._connect() as database:
            return self._load(database)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Loads, then runs a statement that cannot change the store.

        Raises:
            UsageError: DuckDB refuses the statement.
            JournalError: as for `load`.
        """
        if not self._exists():
            with duckdb.connect(config=_SETTINGS) as database:
                _create(database)
                return _run(database, sql, parameters)
        with self._lock():
            with self._connect() as database:
                self._load(database)
            with self._connect(read_only=True) as database:
                return _run(database, sql, parameters)

    def events(self, run: str) -> list[Event]:
        """Returns the events of a run in their order, whatever journals they stand in."""
        rows = self.query('select body from events where run = ? order by seq, "t"', (run,)).rows
        return [_event(line) for (line,) in rows]

    def events_of_experiment(self, experiment: str) -> Iterator[list[Event]]:
        """Yields the events of each run of an experiment, in the order in which they began."""
        rows = self.query(
            "select e.body from events e join runs r using (run) where r.experiment = ? "
            'order by r.started, e.run, e.seq, e."t"',
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
            JournalError: as for `load`, or the copy cannot be written.
        """
        if not self._exists():
            raise UsageError(f"there is nothing to copy: {self._home} has no journals")
        with self._lock():
            with self._connect() as database:
                self._load(database)
            with _disk(path):
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
            raise UsageError(f"there is no run {run!r} in {self._home}")
        with self._lock(), self._connect() as database:
            self._load(database)
            paths = self._journals_of(database, run)
            counted = database.execute("select count(*) from records where run = ?", [run])
            (count,) = counted.fetchone() or (0,)
            database.begin()
            database.execute("delete from records where run = ?", [run])
            for path in paths:
                database.execute("delete from records where journal = ?", [path.stem])
                database.execute("delete from journals where name = ?", [path.stem])
            database.commit()
            for path in paths:
                _rewrite_without(path, run)
            self._load(database)
            return int(count)

    def _exists(self) -> bool:
        return self._journals.is_dir() or self.path.exists()

    def _lock(self) -> contextlib.AbstractContextManager[None]:
        return locked(self._home / "store.lock", wait=self._wait)

    @contextlib.contextmanager
    def _connect(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            database = duckdb.connect(str(self.path), read_only=read_only, config=_SETTINGS)
        except duckdb.Error as error:
            raise JournalError(
                f"the store {self.path} cannot be opened: {_first_line(error)}; if it is damaged, "
                "move it away: it is made again from the journals"
            ) from error
        try:
            if not read_only:
                self._prepare(database)
            yield database
        except duckdb.Error as error:
            raise JournalError(
                f"the store {self.path} cannot be written: {_first_line(error)}"
            ) from error
        finally:
            with contextlib.suppress(duckdb.Error):
                database.close()

    def _prepare(self, database: duckdb.DuckDBPyConnection) -> None:
        """Makes the tables and views, or brings the views up to date."""
        tables = database.execute("select table_name from duckdb_tables()").fetchall()
        if ("meta",) not in tables:
            _create(database)
            return
        format, digest = database.execute("select format, views from meta").fetchone() or (0, "")
        if format > FORMAT:
            raise JournalError(
                f"the store {self.path} has format {format}, and this bursar reads formats up to "
                f"{FORMAT}: update bursar"
            )
        if digest != views.digest():
            _create_views(database)
            database.execute("update meta set views = ?", [views.digest()])

    def _load(self, database: duckdb.DuckDBPyConnection) -> Loaded:
        known = database.execute("select name, bytes, lines, format from journals").fetchall()
        scan = Scan(self._journals, {name: Position(*rest) for name, *rest in known})
        count = 0
        corrupt: list[tuple[str, int]] = []
        for batch in scan.batches():
            new, bad = self._insert(database, batch)
            count += new
            corrupt += bad
        return Loaded(count, tuple(scan.torn), tuple(corrupt), tuple(scan.shorter))

    def _insert(
        self, database: duckdb.DuckDBPyConnection, batch: list[Piece]
    ) -> tuple[int, list[tuple[str, int]]]:
        with (
            _disk(self._home),
            tempfile.TemporaryDirectory(prefix=".load-", dir=self._home) as folder,
        ):
            paths = []
            for piece in batch:
                # a journal has two pieces in a batch only where it is longer than one
                place = Path(folder, str(piece.start.bytes))
                place.mkdir(exist_ok=True)
                paths.append(str(place / f"{piece.name}.jsonl"))
                Path(paths[-1]).write_bytes(piece.data)
            database.begin()
            found = database.execute(views.statement("load"), [paths]).fetchone()
            new = int(found[0]) if found else 0
            corrupt: list[tuple[str, int]] = []
            if new != sum(piece.lines for piece in batch):
                corrupt = [(f"{p.name}.jsonl", line) for p in batch for line in p.corrupt()]
            for piece in batch:
                bad = sum(name == f"{piece.name}.jsonl" for name, _ in corrupt)
                _note(database, piece, bad)
            database.commit()
        return new, corrupt

    def _journals_of(self, database: duckdb.DuckDBPyConnection, run: str) -> list[Path]:
        """Returns the files that the run stands in, of those that are still there."""
        names = database.execute(
            "select distinct journal from records where run = ?", [run]
        ).fetchall()
        if not names:
            raise UsageError(f"there is no run {run!r} in {self._home}: `bursar runs` lists them")
        paths = [self._journals / f"{name}.jsonl" for (name,) in names]
        for path in paths:
            if is_live(path):
                raise UsageError(
                    f"run {run} stands in {path.name}, which a live process still writes: "
                    "wait until that process has ended"
                )
        return [path for path in paths if path.exists()]


def _create(database: duckdb.DuckDBPyConnection) -> None:
    database.begin()
    database.execute(views.statement("schema"))
    _create_views(database)
    database.execute("insert into meta values (?, ?)", [FORMAT, views.digest()])
    database.commit()


def _create_views(database: duckdb.DuckDBPyConnection) -> None:
    for name in views.NAMES:
        database.execute(views.statement(name))


def _note(database: duckdb.DuckDBPyConnection, piece: Piece, corrupt: int) -> None:
    """Records how much of a journal is loaded."""
    end = piece.end
    if piece.start.bytes:
        database.execute(
            "update journals set bytes = ?, lines = ?, corrupt = corrupt + ? where name = ?",
            [end.bytes, end.lines, corrupt, piece.name],
        )
    else:
        database.execute(
            "insert into journals values (?, ?, ?, ?, ?)",
            [piece.name, piece.format, end.bytes, end.lines, corrupt],
        )


def _run(database: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]) -> Rows:
    try:
        answer = database.execute(sql, list(parameters))
        columns = tuple(column[0] for column in answer.description or ())
        return Rows(columns, answer.fetchall() if columns else [])
    except duckdb.Error as error:
        raise UsageError(_first_line(error)) from error


def _event(line: str) -> Event:
    try:
        return Event.from_dict(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise JournalError(f"an event of the store cannot be read: {error}: {line[:80]}") from error


def _rewrite_without(path: Path, run: str) -> None:
    """Replaces a journal by one without the run's events."""
    needle = run.encode()
    partial = path.with_suffix(".partial")
    with _disk(path), path.open("rb") as old, partial.open("wb") as new:
        for line in old:
            if needle in line and (not is_event(line) or orjson.loads(line)["run"] == run):
                continue
            new.write(line)
        new.flush()
        os.fsync(new.fileno())
        partial.replace(path)


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
