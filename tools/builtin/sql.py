"""`sql`: read-only queries over the user's tables and databases, and nothing beyond them."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...ledger.errors import ToolError, UsageError
from ..context import ToolContext
from ..functions.tool import MAX_CHARS, Price, tool
from ..protocol import Tool
from .closed_places import check_open
from .process import run_program
from .sql_worker import READERS

DATABASES = frozenset({".duckdb", ".db"})

TIMEOUT = 30.0
"""Seconds until a query is ended."""

MEMORY = 512 * 1024 * 1024
"""Bytes that a query may use."""

ROWS = 200
"""Rows of a result that the policy sees."""

CELL = 500
"""Characters of a value that the policy sees."""

_ANSWER = 256 * 1024 * 1024
"""Bytes of a result, as JSON, above which the query is ended."""

_OPENING = 120
"""Seconds that reading the columns of all tables may take."""

_TOLD = 3_000
"""Characters about tables and columns in the tool's description."""

_COLUMNS = (
    "SELECT database_name, schema_name, table_name, column_name, data_type FROM duckdb_columns() "
    "WHERE NOT internal ORDER BY database_name, schema_name, table_name, column_index"
)


def sql(
    paths: Path | str | Iterable[Path | str],
    *,
    price: Price = Decimal(0),
    timeout: float = TIMEOUT,
    rows: int = ROWS,
    memory: int = MEMORY,
    max_chars: int = MAX_CHARS,
) -> Tool:
    """Returns the tool `sql` over CSV, TSV, Parquet and DuckDB files. It can only read them.

    A table is named after its file; a table of a database is written `database.table`.

    Args:
        paths: files, or folders whose files of these kinds count; links that lead out of a
            folder do not.
        price: USD per query.
        timeout: seconds until a query is ended.
        rows: rows of a result that the policy sees.
        memory: bytes that a query may use.
        max_chars: characters of a result that the policy sees.

    Raises:
        UsageError: a file is missing, of another kind or unreadable, or two have one name.
    """
    given = [paths] if isinstance(paths, Path | str) else list(paths)
    asked = {**_sources(given), "rows": rows, "cell": CELL, "memory": memory}
    tables = _tables(asked)

    async def sql(query: str, context: ToolContext) -> str:
        for path in _paths(asked):
            check_open(path, context.closed)
            if path.resolve() != path:
                raise ToolError(f"{path.name} was replaced by a link: it is not read")
        answer = await _answer({**asked, "query": query}, timeout)
        return _shown(answer["columns"], answer["rows"], rows)

    sql.__doc__ = _description(tables)
    decorate = tool(price=price, read_only=True, timeout=timeout + 5, max_chars=max_chars)
    return decorate(sql)


def _sources(paths: Iterable[Path | str]) -> dict[str, dict[str, Any]]:
    tables: dict[str, Any] = {}
    databases: dict[str, Any] = {}
    for path in _files(paths):
        kind, name = path.suffix.lower(), re.sub(r"\W", "_", path.stem)
        if name in tables or name in databases or name in ("main", "memory", "system", "temp"):
            raise UsageError(f"{str(path)!r} would be the second {name!r}: rename the file")
        if kind in DATABASES:
            databases[name] = str(path)
        else:
            tables[name] = (str(path), READERS[kind])
    if not tables and not databases:
        raise UsageError(f"the tool sql was given no file: give {_kinds()} files")
    return {"tables": tables, "databases": databases}


def _files(paths: Iterable[Path | str]) -> Iterator[Path]:
    known = {*READERS, *DATABASES}
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if not each.name.startswith("."))
            home = path.resolve()
            found = [
                each
                for each in inside
                if each.suffix.lower() in known
                and each.is_file()
                and each.resolve().is_relative_to(home)  # no link leads out
            ]
        elif path.is_file() and path.suffix.lower() in known:
            found = [path]
        else:
            why = f"is no {_kinds()} file" if path.exists() else "does not exist"
            raise UsageError(f"{str(path)!r} {why}: the tool sql cannot read it")
        for each in found:
            if re.search(r"[*?\[\]]", str(each.resolve())):
                raise UsageError(f"{str(each)!r} is written like a pattern: rename it")
            yield each.resolve()


def _paths(asked: dict[str, Any]) -> list[Path]:
    tables = (path for path, _ in asked["tables"].values())
    return [Path(path) for path in (*tables, *asked["databases"].values())]


def _kinds() -> str:
    return " ".join(sorted({*READERS, *DATABASES}))


def _command() -> list[str]:
    return [sys.executable, "-P", str(Path(__file__).with_name("sql_worker.py"))]


def _tables(asked: dict[str, Any]) -> list[str]:
    """Returns the tables with their columns, one line each."""
    question = json.dumps({**asked, "query": _COLUMNS, "rows": 5_000}).encode()
    try:
        ended = subprocess.run(_command(), input=question, stdout=subprocess.PIPE, timeout=_OPENING)
    except subprocess.TimeoutExpired as exc:
        raise UsageError(f"the tool sql cannot open its files within {_OPENING} seconds") from exc
    answer = json.loads(ended.stdout or b'{"error": "DuckDB stopped"}')
    if "error" in answer:
        raise UsageError(f"the tool sql cannot open its files: {answer['error']}")
    columns: dict[str, list[str]] = {}
    for database, schema, table, column, kind in answer["rows"]:
        parts = [] if database == "memory" else [database]
        parts += [table] if schema == "main" else [schema, table]
        columns.setdefault(".".join(parts), []).append(f"{column} {kind}")
    return [f"{name}({', '.join(held)})" for name, held in columns.items()]


def _description(tables: list[str]) -> str:
    listed = " ".join("; ".join(tables).split())
    if len(listed) > _TOLD:
        listed = f"{listed[:_TOLD]}… and more: SHOW ALL TABLES lists them"
    return (
        "Runs one SELECT statement (DuckDB's dialect) and shows the first rows as CSV. "
        f"Tables: {listed}\n\n"
        "Args:\n    query: one SELECT, SHOW, DESCRIBE or SUMMARIZE statement.\n"
    )


async def _answer(asked: dict[str, Any], timeout: float) -> dict[str, Any]:
    ended = await run_program(
        _command(), timeout=timeout, limit=_ANSWER, input=json.dumps(asked).encode(), errors=False
    )
    if ended.flooded:
        raise ToolError("the result is too large: ask for fewer columns or shorter values")
    if ended.code is None:
        raise ToolError(f"the query was ended after {timeout:g} seconds")
    if ended.code != 0:
        raise ToolError("the query was ended: it needs more memory than it may use")
    answer: dict[str, Any] = json.loads(ended.output)
    if "error" in answer:
        raise ToolError(answer["error"])
    return answer


def _shown(columns: list[str], rows: list[list[str | None]], most: int) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows[:most])
    if not rows:
        text.write("(no rows)\n")
    if len(rows) > most:
        text.write(f"[only the first {most:,} rows are shown; use LIMIT, WHERE or sums]\n")
    return text.getvalue().rstrip("\n")


def _cell(value: str | None) -> str:
    if value is None:
        return "NULL"
    return value if len(value) <= CELL else f"{value[:CELL]}…"
