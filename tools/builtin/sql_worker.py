"""A program of its own: reads one query as JSON, runs it on DuckDB, writes the result as JSON.

It is started for each query, so that whatever a query does to its process stays there.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from typing import Any

READERS = {".csv": "read_csv", ".tsv": "read_csv", ".parquet": "read_parquet"}

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
}
_ROOM = 1 << 30
"""Bytes of address space beside what DuckDB may use: the program itself, threads, one result."""


def main() -> None:
    asked = json.loads(sys.stdin.buffer.read())
    _confine(asked["memory"])
    try:
        answer = run(asked)
    except MemoryError:
        answer = {"error": "the query needs more memory than it may use"}
    except Exception as exc:
        answer = {"error": str(exc)}
    sys.stdout.write(json.dumps(answer))


def run(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the columns and the first rows of the query's result, or why there is none."""
    connection = _open(asked)
    statements = connection.extract_statements(asked["query"])
    kinds = [statement.type.name.removesuffix("_STATEMENT") for statement in statements]
    if kinds != ["SELECT"]:
        found = " and ".join(kinds) or "nothing"
        return {"error": f"write one SELECT statement, for only reading is allowed (not {found})"}
    relation = connection.sql(asked["query"])
    short = f"left(COLUMNS(*)::VARCHAR, {int(asked['cell']) + 1})"
    rows = relation.project(short).limit(int(asked["rows"]) + 1).fetchall()
    return {"columns": relation.columns, "rows": rows}


def _confine(memory: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory + _ROOM, memory + _ROOM))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _open(asked: Mapping[str, Any]) -> Any:
    """Returns a connection that sees the named files and nothing else, and cannot be widened."""
    import duckdb

    config = {**_SETTINGS, "memory_limit": f"{asked['memory']}B"}
    connection = duckdb.connect(":memory:", config=config)
    for name, path in asked["databases"].items():
        connection.execute(f"ATTACH {_text(path)} AS {_name(name)} (READ_ONLY)")
    for name, (path, reader) in asked["tables"].items():
        connection.execute(f"CREATE VIEW {_name(name)} AS FROM {reader}({_text(path)})")
    paths = ", ".join(_text(path) for path, _ in asked["tables"].values())
    connection.execute(f"SET allowed_paths = [{paths}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


if __name__ == "__main__":
    main()
