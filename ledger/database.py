"""The DuckDB file under the store: opened for one piece of work, closed right after it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from . import views
from .errors import JournalError, UsageError
from .loading import Piece

FORMAT = 1
"""Version of the tables."""

_LINE = 16 * 1024 * 1024
_SETTINGS: dict[str, Any] = {"autoinstall_known_extensions": False}


@dataclass(frozen=True)
class Rows:
    """The answer to a query."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@contextlib.contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens the database with its tables and views made or brought up to date.

    Raises:
        JournalError: it cannot be opened or written, or is of a newer format.
    """
    try:
        if not path.exists():
            _make(path)
        database = duckdb.connect(str(path), read_only=read_only, config=_SETTINGS)
    except (duckdb.Error, OSError) as error:
        raise JournalError(
            f"the store {path} cannot be opened: {_first_line(error)}; if it is damaged, move it "
            "away: it is made again from the journals"
        ) from error
    try:
        if not read_only:
            _prepare(database, path)
        yield database
    except duckdb.Error as error:
        raise JournalError(f"the store {path} cannot be written: {_first_line(error)}") from error
    finally:
        with contextlib.suppress(duckdb.Error):
            database.close()


@contextlib.contextmanager
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens an empty database in memory."""
    with duckdb.connect(config=_SETTINGS) as database:
        _create(database)
        yield database


def ask(database: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]) -> Rows:
    """Runs a user's statement.

    Raises:
        UsageError: DuckDB refuses it.
    """
    try:
        answer = database.execute(sql, list(parameters))
        columns = tuple(column[0] for column in answer.description or ())
        return Rows(columns, answer.fetchall() if columns else [])
    except duckdb.Error as error:
        raise UsageError(_first_line(error)) from error


def insert(
    database: duckdb.DuckDBPyConnection, batch: Sequence[Piece], folder: Path
) -> tuple[int, list[tuple[str, int]]]:
    """Adds the events of a batch in one transaction, and how far each journal is loaded.

    Args:
        folder: for the files that DuckDB reads; it is made, and removed afterwards.

    Returns how many events were added, and (journal, line number) of lines that are no event.
    """
    with on_disk(folder):
        paths = _spread(batch, folder)
    database.begin()
    longest = max(map(_longest_line, batch))
    added = _changed(database.execute(views.statement("load"), [paths, longest]))
    added -= _changed(database.execute(views.statement("sweep")))
    corrupt: list[tuple[str, int]] = []
    for piece in batch:
        lines = [] if added == sum(p.lines for p in batch) else piece.corrupt()
        corrupt += ((f"{piece.name}.jsonl", line) for line in lines)
        _note(database, piece, len(lines))
    database.commit()
    shutil.rmtree(folder, ignore_errors=True)
    return added, corrupt


@contextlib.contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Says of what the operating system refuses which file it was."""
    try:
        yield
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror}") from error


def _spread(batch: Sequence[Piece], folder: Path) -> list[str]:
    shutil.rmtree(folder, ignore_errors=True)
    paths = []
    for piece in batch:
        path = folder / str(piece.start.bytes) / f"{piece.name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(piece.data)
        paths.append(str(path))
    return paths


def _longest_line(piece: Piece) -> int:
    """Returns a number of bytes that no line of the piece exceeds, 16 MiB at least."""
    if len(piece.data) <= _LINE:
        return _LINE
    return max(_LINE, max(map(len, piece.data.split(b"\n"))) + 1)


def _note(database: duckdb.DuckDBPyConnection, piece: Piece, corrupt: int) -> None:
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


def _make(path: Path) -> None:
    """Makes the database under another name first: a full disk leaves no half of one."""
    partial = path.with_suffix(".partial")
    for file in (partial, Path(f"{partial}.wal"), Path(f"{path}.wal")):
        file.unlink(missing_ok=True)
    with duckdb.connect(str(partial), config=_SETTINGS) as database:
        _create(database)
        database.execute("checkpoint")
    partial.replace(path)


def _prepare(database: duckdb.DuckDBPyConnection, path: Path) -> None:
    format, digest = database.execute("select format, views from meta").fetchone() or (0, "")
    if format > FORMAT:
        raise JournalError(
            f"the store {path} has format {format}, and this bursar reads formats up to {FORMAT}: "
            "update bursar"
        )
    if digest != views.digest():
        _create_views(database)
        database.execute("update meta set views = ?", [views.digest()])


def _create(database: duckdb.DuckDBPyConnection) -> None:
    database.begin()
    database.execute(views.statement("schema"))
    _create_views(database)
    database.execute("insert into meta values (?, ?)", [FORMAT, views.digest()])
    database.commit()


def _create_views(database: duckdb.DuckDBPyConnection) -> None:
    for name in views.NAMES:
        database.execute(views.statement(name))


def _changed(answer: duckdb.DuckDBPyConnection) -> int:
    (rows,) = answer.fetchone() or (0,)
    return int(rows)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
