"""Rows as files: what is written is read again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from outlay.journal.records import Message, ToolCall, ToolSpec
from outlay.ledger.errors import UsageError
from outlay.training.data.outcome import Outcome
from outlay.training.data.row_files import read_rows, write_records, write_rows
from outlay.training.data.rows import RowTier, TrainingRow

from ..conftest import turn_by_turn

OUTCOME = Outcome(run="r", task="t", score=0.5, status="answered", usd={"input": Decimal("0.25")})
CALL = ToolCall("c1", "lookup", '{"query": "é"}')
TEXT = TrainingRow(
    run="r", trajectory="r/0", segment=1, task="t", policy="m", tier=RowTier.TEXT,
    messages=(Message("assistant", "", (CALL,)), Message("tool", "found", tool_call_id="c1")),
    trained=(0,), tools=(ToolSpec("lookup", "Looks up.", {"type": "object"}),),
)  # fmt: skip


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
@pytest.mark.parametrize("rows", [[turn_by_turn([(2, 1), (0, 3)]), TEXT], [TEXT]])
def test_rows_come_back(rows: list[TrainingRow], ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"it's rows.{ending}"
    assert write_rows(path, rows, {"r/0": OUTCOME}) == len(rows)
    assert read_rows(path) == tuple(rows)


def test_a_row_says_what_its_run_came_to(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, [TEXT], {"r/0": OUTCOME})
    found = duckdb.sql(f"select status, score, usd, len(ids) from '{path}'").fetchall()
    assert found == [("answered", 0.5, 0.25, 0)]


def test_nested_records_become_parquet(tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    records = [{"prompt": [{"role": "user", "content": "?"}], "label": n > 0} for n in range(2)]
    assert write_records(path, records) == 2
    assert duckdb.sql(f"select prompt[1].role, label from '{path}'").fetchall() == [
        ("user", False),
        ("user", True),
    ]


def test_files_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.parquet or \.jsonl"):
        write_records(tmp_path / "rows.csv", [])
    with pytest.raises(UsageError, match="cannot be written"):
        write_records(tmp_path / "no folder" / "rows.jsonl", [])
    for name in ("other.parquet", "none.jsonl"):
        (tmp_path / "other.parquet").write_text("no parquet")
        with pytest.raises(UsageError, match="is no file of rows"):
            read_rows(tmp_path / name)
