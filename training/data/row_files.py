"""Rows and exported records as files: Parquet or JSON lines, by the file's ending."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import orjson

from ...journal.records import ToolSpec
from ...journal.store.database import quoted
from ...ledger.errors import UsageError
from ...policies.endpoint.wire import chat_message, chat_tool, from_chat
from .outcome import Outcome
from .rows import RowTier, TrainingRow

COLUMNS = {
    **dict.fromkeys(("run", "trajectory", "task", "tokenizer", "policy", "status"), "VARCHAR"),
    **dict.fromkeys(("messages", "tools"), "VARCHAR"),
    **dict.fromkeys(("segment", "tier"), "INTEGER"),
    **dict.fromkeys(("ids", "turns", "trained"), "INTEGER[]"),
    **dict.fromkeys(("score", "usd"), "DOUBLE"),
    "mask": "BOOLEAN[]",
    "logprobs": "DOUBLE[]",
}
"""Columns of a file of rows. `messages` and `tools` are JSON text; `score` is of the trajectory,
`status` and `usd` are of the whole run."""


def write_rows(path: Path, rows: Iterable[TrainingRow], outcomes: Mapping[str, Outcome]) -> int:
    """Writes rows, each with what its trajectory came to; returns how many they are.

    Args:
        path: ends in `.parquet` or `.jsonl`; what was there is replaced.
        outcomes: by trajectory.

    Raises:
        UsageError: the file cannot be written.
    """
    return write_records(path, (_record(row, outcomes[row.trajectory]) for row in rows), COLUMNS)


def read_rows(path: Path) -> tuple[TrainingRow, ...]:
    """Reads what `write_rows` wrote.

    Raises:
        UsageError: it is no file of rows.
    """
    source = "read_parquet" if path.suffix == ".parquet" else "read_ndjson"
    types = f", columns = {_types(COLUMNS)}" if source == "read_ndjson" else ""
    names = [name for name in COLUMNS if name not in ("status", "score", "usd")]
    try:
        with duckdb.connect() as database:
            found = database.execute(
                f"select {', '.join(names)} from {source}({quoted(path)}{types})"
            ).fetchall()
    except duckdb.Error as error:
        raise UsageError(f"{path} is no file of rows: {_first_line(error)}") from error
    return tuple(_row(dict(zip(names, values, strict=True))) for values in found)


def write_records(
    path: Path, records: Iterable[Mapping[str, Any]], types: Mapping[str, str] | None = None
) -> int:
    """Writes one record a line, or as Parquet; returns how many they are.

    Args:
        types: of the Parquet columns; None lets DuckDB find them in the records.

    Raises:
        UsageError: the file cannot be written, or its ending is unknown.
    """
    if path.suffix not in (".parquet", ".jsonl"):
        raise UsageError(f"{path} must end in .parquet or .jsonl")
    try:
        if path.suffix == ".jsonl":
            return _write_lines(path, records)
        with tempfile.TemporaryDirectory() as folder:
            lines = Path(folder) / "records.jsonl"
            count = _write_lines(lines, records)
            _convert(lines, path, types)
            return count
    except (OSError, duckdb.Error) as error:
        raise UsageError(f"{path} cannot be written: {_first_line(error)}") from error


def _write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    with path.open("wb") as file:
        for record in records:
            file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    return count


def _convert(lines: Path, path: Path, types: Mapping[str, str] | None) -> None:
    told = f"columns = {_types(types)}" if types else "sample_size = -1"
    with duckdb.connect() as database:
        database.execute(
            f"copy (select * from read_ndjson({quoted(lines)}, {told}, "
            f"maximum_object_size = 1000000000)) to {quoted(path)} (format parquet)"
        )


def _types(types: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in types.items()) + "}"


def _record(row: TrainingRow, outcome: Outcome) -> dict[str, Any]:
    return {
        "run": row.run,
        "trajectory": row.trajectory,
        "segment": row.segment,
        "task": row.task,
        "ids": row.ids,
        "mask": row.mask,
        "logprobs": row.logprobs,
        "turns": row.turns,
        "tokenizer": row.tokenizer,
        "policy": row.policy,
        "tier": int(row.tier),
        "messages": orjson.dumps([chat_message(message) for message in row.messages]).decode(),
        "trained": row.trained,
        "tools": orjson.dumps([chat_tool(tool) for tool in row.tools]).decode(),
        "status": outcome.status,
        "score": outcome.score,
        "usd": outcome.cost,
    }


def _row(record: dict[str, Any]) -> TrainingRow:
    lists = ("ids", "mask", "logprobs", "turns", "trained")
    values = record | {name: tuple(record[name]) for name in lists}
    values["tier"] = RowTier(record["tier"])
    values["messages"] = tuple(map(from_chat, orjson.loads(record["messages"])))
    values["tools"] = _tools(orjson.loads(record["tools"]))
    return TrainingRow(**values)


def _tools(data: Sequence[Mapping[str, Any]]) -> tuple[ToolSpec, ...]:
    told = [each["function"] for each in data]
    return tuple(ToolSpec(f["name"], f["description"], f["parameters"]) for f in told)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
