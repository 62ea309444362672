"""Rows survive the file digit by digit, and a wrong file is answered with its place."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.results import ResultRow, read_rows, write_rows
from outlay.ledger.errors import UsageError

money = st.decimals(0, 1000, places=12, allow_nan=False)


def row(**changes: object) -> ResultRow:
    fields = {
        **{"task": "almanac-7", "hops": 2, "kind": "chain", "planner": "react", "memory": "full"},
        **{"policy": "embedded", "budget": "search=8,open=4", "repeat": 0, "seed": 0},
        **{"status": "answered", "score": 1.0, "cost_usd": Decimal("0.0041"), "tool_calls": 3},
        **{"model_calls": 4, "input_tokens": 900, "output_tokens": 40, "seconds": 0.25},
        **{"run": "r1", "gold_cost_usd": Decimal("0.004")},
    }
    return ResultRow.model_validate({**fields, **changes})


@given(money, st.none() | money, st.floats(0, 1e6), st.text(min_size=1))
def test_a_row_comes_back_as_it_went(
    cost: Decimal, gold: Decimal | None, seconds: float, task: str
) -> None:
    original = row(cost_usd=cost, gold_cost_usd=gold, seconds=seconds, task=task)
    assert ResultRow.from_json(original.to_json()) == original


def test_money_is_a_number_in_the_file() -> None:
    assert '"cost_usd":0.00000000000000000000041,' in row(cost_usd=Decimal("4.1e-22")).to_json()


def test_the_file_has_the_fields_that_the_command_promises() -> None:
    promised = (
        "task hops planner memory policy budget repeat seed status score cost_usd tool_calls "
        "model_calls input_tokens output_tokens seconds"
    )
    assert set(promised.split()) <= json.loads(row().to_json()).keys()


def test_a_file_comes_back_as_it_went(tmp_path: Path) -> None:
    rows = [row(run=f"r{number}", score=None, status="not_started") for number in range(3)]
    write_rows(tmp_path / "results.jsonl", rows)
    assert read_rows(tmp_path / "results.jsonl") == rows


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"score": 1.5}, "field 'score' is "),
        ({"cost_usd": -1}, "field 'cost_usd' is -1"),
        ({"status": "won"}, "field 'status' is 'won'"),
        ({"seconds": float("nan")}, "field 'seconds' is Decimal('NaN')"),
        ({"hops": "many"}, "field 'hops' is 'many'"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(
    tmp_path: Path, change: dict[str, object], problem: str
) -> None:
    wrong = json.dumps({**json.loads(row().to_json()), **change})
    path = tmp_path / "results.jsonl"
    path.write_text(f"{row(run='r0').to_json()}\n\n{wrong}\n")
    with pytest.raises(UsageError) as caught:
        read_rows(path)
    assert f"line 3: {problem}" in str(caught.value)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(UsageError, match=r"^field 'task' is missing$"):
        ResultRow.from_json('{"hops": 1}')


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", b"\xff"])
def test_what_is_no_object_is_said_so(text: str | bytes) -> None:
    with pytest.raises(UsageError, match="not a JSON object"):
        ResultRow.from_json(text)


def test_a_run_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    write_rows(path, [row(), row()])
    with pytest.raises(UsageError, match="line 2: run 'r1' is already on line 1"):
        read_rows(path)


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read results from .*none\.jsonl: No such file"):
        read_rows(tmp_path / "none.jsonl")


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write results"):
        write_rows(tmp_path / "none" / "results.jsonl", [row()])
