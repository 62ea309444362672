"""The runs of an experiment as CSV and Parquet, for other programs."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb

from ...ledger.errors import UsageError
from ..results import ResultRow, write_rows

COLUMNS = (*ResultRow.model_fields, "success")

_TYPES = {
    **dict.fromkeys(("task", "kind", "planner", "memory", "policy", "budget"), "VARCHAR"),
    **dict.fromkeys(("status", "reason", "why", "run"), "VARCHAR"),
    **dict.fromkeys(("hops", "repeat", "seed", "tool_calls", "model_calls"), "BIGINT"),
    **dict.fromkeys(("input_tokens", "output_tokens"), "BIGINT"),
    **dict.fromkeys(("score", "seconds"), "DOUBLE"),
    **dict.fromkeys(("cost_usd", "gold_cost_usd"), "DECIMAL(38, 12)"),
    "metrics": "MAP(VARCHAR, DOUBLE)",
    "refused": "MAP(VARCHAR, BIGINT)",
}


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a text a formula where a table is opened as a spreadsheet."""


def write_csv(path: Path, rows: Iterable[ResultRow]) -> None:
    """Writes one line per run under the names of `COLUMNS`; unknown is empty, USD are exact.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for row in rows:
                writer.writerow(_text(getattr(row, name)) for name in COLUMNS)
    except OSError as exc:
        raise _unwritable(path, exc) from exc


def write_parquet(path: Path, rows: Iterable[ResultRow]) -> None:
    """Writes the same as Parquet; USD are decimals of twelve places.

    Raises:
        UsageError: the file cannot be written.
    """
    types = ", ".join(f"{name}: '{_TYPES[name]}'" for name in ResultRow.model_fields)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        lines = Path(folder) / "rows.jsonl"
        write_rows(lines, rows)
        try:
            database.execute(
                "copy (select *, coalesce(score >= 1, false) as success from "
                f"read_ndjson(?, columns = {{{types}}})) to {_quoted(path)} (format parquet)",
                [str(lines)],
            )
        except duckdb.IOException as exc:
            raise _unwritable(path, exc) from exc


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, dict):
        return json.dumps(value) if value else ""
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _unwritable(path: Path, exc: Exception) -> UsageError:
    reason = exc.strerror if isinstance(exc, OSError) else str(exc).splitlines()[0]
    return UsageError(f"cannot write the runs to {path}: {reason}")
