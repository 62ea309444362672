"""The DuckDB file under the store: opened for one piece of work, closed right after it."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

from ...ledger.errors import JournalError, UsageError
from ..private_files import close_to_others
from . import views

FORMAT = 5
"""Version of the tables."""

_READING = ("SELECT", "MULTI")
"""Kinds of statements that only read, as DuckDB calls them; PIVOT is of the second."""

_DAMAGED = re.compile(
    "not a valid DuckDB|corrupt|checksum|replaying WAL|could not read enough bytes|"
    "serialization error|internal error|fatal error|database has been invalidated",
    re.IGNORECASE,
)
"""What DuckDB says where a file is damaged, not locked, forbidden or of a newer version."""

_SETTINGS: dict[str, Any] = {"autoinstall_known_extensions": False}


class DamagedStore(JournalError):
    """The database cannot be read any more. It can be made again from the journals."""


@dataclass(frozen=True)
class QueryResult:
    """The answer to a query."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@contextlib.contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens the database with its tables and views made or brought up to date.

    Raises:
        DamagedStore: it is damaged.
        JournalError: it cannot be opened or written, or is of a newer format.
    """
    try:
        close_to_others(path.parent)
        if not path.exists():
            _make(path)
        database = _connect(path, read_only=read_only)
        if not read_only and _format(database, path) < FORMAT:
            database.close()
            _migrate(path)
            database = _connect(path)
    except (duckdb.Error, OSError) as error:
        no_store = isinstance(error, duckdb.CatalogException | duckdb.BinderException)
        raise _failure(error, path, "opened", is_damage=no_store) from error
    try:
        if not read_only:
            database.execute("set preserve_insertion_order = false")
            _prepare(database)
        yield database
    except duckdb.Error as error:
        raise _failure(error, path, "written") from error
    finally:
        close_to_others(Path(f"{path}.wal"))
        with contextlib.suppress(duckdb.Error):
            database.close()


@contextlib.contextmanager
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens an empty database in memory."""
    with _connect() as database:
        _create(database)
        yield database


def ask(database: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]) -> QueryResult:
    """Runs a statement.

    Raises:
        UsageError: DuckDB refuses it.
        DamagedStore: the database is damaged.
    """
    try:
        answer = database.execute(sql, list(parameters))
        columns = tuple(column[0] for column in answer.description or ())
        return QueryResult(columns, answer.fetchall() if columns else [])
    except duckdb.Error as error:
        if _DAMAGED.search(str(error)):
            raise DamagedStore(f"the store is damaged: {_first_line(error)}") from error
        raise UsageError(_first_line(error)) from error


def check_reads(database: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raises UsageError unless `sql` is one statement, of a kind that can change no file.

    A database opened read-only does not keep COPY, EXPORT or ATTACH from writing other files.
    """
    try:
        statements = database.extract_statements(sql)
    except duckdb.Error as error:
        raise UsageError(_first_line(error)) from error
    kinds = [statement.type.name.removesuffix("_STATEMENT") for statement in statements]
    if len(kinds) != 1 or kinds[0] not in _READING:
        found = " and ".join(kinds) or "nothing"
        raise UsageError(f"the store is read-only: write one SELECT statement, not {found}")


def compact(path: Path) -> None:
    """Writes the database anew, without the room that removed rows took.

    Raises:
        JournalError: it cannot be written. It is then as it was.
    """
    partial = path.with_suffix(".partial")
    try:
        partial.unlink(missing_ok=True)
        with _connect() as database:
            database.execute(f"attach {quoted(path)} as old (read_only)")
            database.execute(f"attach {quoted(partial)} as new")
            database.execute("copy from database old to new")
        close_to_others(partial)
        partial.replace(path)
    except (duckdb.Error, OSError) as error:
        raise JournalError(f"the store {path} cannot be written: {_first_line(error)}") from error


@contextlib.contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Says of what the operating system refuses which file it was."""
    try:
        yield
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror}") from error


def _connect(
    path: Path | Literal[":memory:"] = ":memory:", *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(str(path), read_only=read_only, config=_SETTINGS)
    database.execute("set enable_progress_bar = false")
    if isinstance(path, Path) and not read_only:
        close_to_others(path)
    return database


def _make(path: Path) -> None:
    """Makes the database under another name first: a full disk leaves no half of one."""
    partial = path.with_suffix(".partial")
    for file in (partial, Path(f"{partial}.wal"), Path(f"{path}.wal")):
        file.unlink(missing_ok=True)
    with _connect(partial) as database:
        _create(database)
        database.execute("checkpoint")
    partial.replace(path)


def _migrate(path: Path) -> None:
    """Makes a store of an older format anew, from the lines in it."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with _connect(partial) as database:
        _create(database)
        database.execute(f"attach {quoted(path)} as old (read_only)")
        database.execute("insert into journals from old.journals")
        names = database.execute("select distinct journal from old.records").fetchall()
        for (name,) in names:
            database.execute(
                'create temp table fresh as select journal, id, run, seq, t, "at", kind, "key", '
                "hold, line from old.records where journal = ?",
                [name],
            )
            database.execute(views.statement("load"))
    Path(f"{path}.wal").unlink(missing_ok=True)
    partial.replace(path)


def _prepare(database: duckdb.DuckDBPyConnection) -> None:
    (digest,) = database.execute("select views from meta").fetchone() or ("",)
    if digest != views.digest():
        _create_views(database)
        database.execute("update meta set views = ?", [views.digest()])


def _format(database: duckdb.DuckDBPyConnection, path: Path) -> int:
    try:
        format = number(database.execute("select format from meta"))
    except duckdb.Error:
        database.close()  # while it is open, its path leads to it
        raise
    if format > FORMAT:
        raise JournalError(
            f"the store {path} has format {format}, and this outlay reads formats up to {FORMAT}: "
            "update outlay"
        )
    return format


def _create(database: duckdb.DuckDBPyConnection) -> None:
    database.begin()
    database.execute(views.statement("schema"))
    _create_views(database)
    database.execute("insert into meta values (?, ?)", [FORMAT, views.digest()])
    database.commit()


def _create_views(database: duckdb.DuckDBPyConnection) -> None:
    for name in views.NAMES:
        database.execute(views.statement(name))


def number(answer: duckdb.DuckDBPyConnection) -> int:
    """Returns the one number of an answer."""
    (found,) = answer.fetchone() or (0,)
    return int(found)


def quoted(text: str | Path) -> str:
    """Returns a text as SQL writes it, for where no parameter can stand."""
    return "'" + str(text).replace("'", "''") + "'"


def set_aside(path: Path) -> Path:
    """Moves a database and what belongs to it out of the way; returns where it is now.

    Raises:
        JournalError: it cannot be moved.
    """
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    with on_disk(path):
        path.rename(aside)
        log = Path(f"{path}.wal")
        if log.exists():
            log.rename(f"{aside}.wal")
    return aside


def _failure(
    error: Exception, path: Path, what: str, *, is_damage: bool = False
) -> DamagedStore | JournalError:
    kind = DamagedStore if is_damage or _DAMAGED.search(str(error)) else JournalError
    return kind(f"the store {path} cannot be {what}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
