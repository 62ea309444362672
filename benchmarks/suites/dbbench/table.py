"""One table in memory that SQL statements read and change.

SQLite, because it takes the MySQL spellings of the gold statements (backticks, `INSERT` of
numbers into text columns) and keeps texts as they are: the official hashes come out the same.
"""

from __future__ import annotations

import hashlib
import sqlite3
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from ....ledger.errors import ToolError

MOST_STEPS = 5_000_000
"""Instructions of SQLite's machine after which a statement is given up."""

MOST_ROWS = 200
"""Rows of a result that are shown."""

LONGEST_VALUE = 100_000
"""Bytes of a value or a row: `randomblob` makes a gigabyte of a dozen characters."""

MOST_PAGES = 16_384
"""Pages of 4 KiB that a table may grow to."""

_FORBIDDEN = (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA)
_CHECK_EVERY = 1_000


class Table:
    """A table with columns of texts.

    Args:
        data: `table_name`, and `table_info` with `columns` and `rows`, as DB-Bench writes them.

    Raises:
        KeyError, TypeError, sqlite3.Error: the data describe no table.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.name = str(data["table_name"])
        columns = [str(column["name"]) for column in data["table_info"]["columns"]]
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False
        )
        weakref.finalize(self, self._connection.close)
        listed = ", ".join(f"{_quoted(column)} TEXT" for column in columns)
        self._connection.execute(f"CREATE TABLE {_quoted(self.name)} ({listed})")
        marks = ", ".join("?" * len(columns))
        rows = [[_text(value) for value in row] for row in data["table_info"]["rows"]]
        self._connection.executemany(f"INSERT INTO {_quoted(self.name)} VALUES ({marks})", rows)
        self._connection.execute(f"PRAGMA max_page_count = {MOST_PAGES}")
        self._connection.set_authorizer(_authorize)
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs one statement and returns its first rows.

        Raises:
            ToolError: SQLite refuses it, or it takes too long.
        """
        steps = 0

        def check() -> bool:
            nonlocal steps
            steps += _CHECK_EVERY
            return steps > MOST_STEPS

        self._connection.set_progress_handler(check, _CHECK_EVERY)
        try:
            return self._connection.execute(statement).fetchmany(MOST_ROWS)
        except (sqlite3.Error, sqlite3.Warning) as exc:
            raise ToolError(str(exc)) from exc
        finally:
            self._connection.set_progress_handler(None, 0)

    def digest(self) -> str:
        """Returns the official hash of the table's rows, whatever their order.

        It is the MD5 of the sorted first five hexadecimal digits of each row's MD5, with commas
        between them; a row is its values with commas between them, nulls left out. A table that
        was dropped has the hash of nothing.
        """
        try:
            rows = self._connection.execute(f"SELECT * FROM {_quoted(self.name)}").fetchall()
        except sqlite3.Error:
            rows = []
        return _md5(",".join(sorted(_md5(_joined(row))[:5] for row in rows)))


def _authorize(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_DENY if action in _FORBIDDEN else sqlite3.SQLITE_OK


def _joined(row: Sequence[Any]) -> str:
    return ",".join(str(value) for value in row if value is not None)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
