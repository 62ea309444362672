"""Exported rows are the rows, to the last digit."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from outlay.benchmarks.reports.export import COLUMNS, write_csv, write_parquet
from outlay.benchmarks.results import ResultRow
from outlay.ledger.errors import UsageError

from ..conftest import MakeRow, Ran


def test_csv_has_every_field_of_every_run(ran: Ran, tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    write_csv(path, ran.outcome.rows)
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == COLUMNS
    for line, row in zip(lines, ran.outcome.rows, strict=True):
        assert line.pop("success") == str(row.success).lower()
        assert line.pop("metrics") == ""
        known = {name: text or None for name, text in line.items()}
        known["why"] = line["why"]
        known["refused"] = json.loads(line["refused"] or "{}")
        assert ResultRow.model_validate(known) == row


def test_parquet_keeps_exact_money_and_unknowns(make_row: MakeRow, tmp_path: Path) -> None:
    path = tmp_path / "it's.parquet"
    rows = [make_row("a", True, "0.000000000001"), make_row("b", False, "12345678.9", hops=None)]
    write_parquet(path, rows)
    table = duckdb.read_parquet(str(path))
    found = table.select("task", "hops", "cost_usd", "gold_cost_usd", "success")
    assert found.fetchall() == [
        ("a", 1, Decimal("0.000000000001"), None, True),
        ("b", None, Decimal("12345678.900000000000"), None, False),
    ]


def test_parquet_has_the_columns_of_csv(ran: Ran, tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    write_parquet(path, ran.outcome.rows)
    found = duckdb.read_parquet(str(path))
    assert tuple(found.columns) == COLUMNS
    total = duckdb.sql("select sum(cost_usd), count(*) from found").fetchall()
    assert total == [(sum(row.cost_usd for row in ran.outcome.rows), len(ran.outcome.rows))]


def test_no_rows_make_an_empty_table(tmp_path: Path) -> None:
    write_parquet(tmp_path / "none.parquet", [])
    assert duckdb.read_parquet(str(tmp_path / "none.parquet")).fetchall() == []
    write_csv(tmp_path / "none.csv", [])
    assert (tmp_path / "none.csv").read_text() == ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_a_folder_that_is_not_there_is_named(write: object, tmp_path: Path) -> None:
    assert callable(write)
    with pytest.raises(UsageError, match="cannot write the runs to"):
        write(tmp_path / "no" / "runs", [])


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", '=HYPERLINK("x")'])
def test_no_text_is_a_formula(formula: str) -> None:
    from outlay.benchmarks.reports.export import _text

    assert _text(formula) == f"'{formula}"
    assert _text(-1.5) == "-1.5"
