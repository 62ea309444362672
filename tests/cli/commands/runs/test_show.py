"""`outlay runs`, `outlay show`, `outlay sql`: looking at what was recorded."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ...conftest import RUN, Outlay, golden, run_id, steady


@pytest.fixture
def run(outlay: Outlay) -> str:
    return run_id(outlay(*RUN, "--budget", "usd=0.10,search=8").stdout)


def test_a_run_is_shown_step_by_step(outlay: Outlay, run: str) -> None:
    assert steady(outlay("show", run).stdout) == golden("show")
    assert steady(outlay("show", run, "--full").stdout) == golden("show_full")
    events = [json.loads(line) for line in outlay("show", run, "--json").stdout.splitlines()]
    assert [events[0]["kind"], events[-1]["kind"]] == ["run_started", "run_ended"]


def test_runs_are_listed_newest_first(outlay: Outlay, run: str) -> None:
    again = run_id(outlay(*RUN, "--budget", "model_calls=2").stdout)
    lines = outlay("runs").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == [again, run]
    assert all(len(line) <= 100 for line in lines)
    row = json.loads(outlay("runs", "--json", "--limit", "1").stdout)
    assert (row["run"], row["status"], row["cost_usd"]) == (again, "budget_exhausted", 0.001636)


def test_no_runs_are_no_error(outlay: Outlay) -> None:
    done = outlay("runs")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "No runs yet: `outlay run` makes one.\n"


def test_sql_prints_tables_csv_and_json(outlay: Outlay, run: str) -> None:
    query = "SELECT run, usd, answer FROM runs"
    assert outlay("sql", query).stdout.splitlines()[2].split() == [
        run, "0.005024", "The", "mayor", "is", "Ada", "Quill.", "Answer:", "Ada", "Quill",
    ]  # fmt: skip
    rows = list(csv.DictReader(outlay("sql", query, "--csv").stdout.splitlines(keepends=True)))
    answer = "The mayor is Ada Quill.\nAnswer: Ada Quill"
    assert rows == [{"run": run, "usd": "0.005024", "answer": answer}]
    found = json.loads(outlay("sql", query, "--json").stdout)
    assert found == {"run": run, "usd": 0.005024, "answer": answer}


def test_sql_changes_nothing_and_says_what_is_wrong(
    outlay: Outlay, complaint: Callable[..., str], run: str
) -> None:
    for query in ("DROP VIEW runs", "DELETE FROM records", "SELECT * FROM nothing", "SELEC"):
        assert complaint("sql", query)
    assert run in outlay("sql", "FROM runs", "--json").stdout


def test_the_schema_lists_every_view(outlay: Outlay) -> None:
    shown = outlay("sql", "--schema").stdout
    for view in ("runs", "model_calls", "tool_calls", "spend", "unified_cost"):
        assert f"\n{view} " in shown
    assert outlay("sql").returncode == 2


def test_a_cut_output_can_be_printed_whole(outlay: Outlay, place: Path) -> None:
    text = "Its mayor is Ada Quill. " * 4000
    (place / "docs" / "melun.md").write_text(text)
    (place / "script.json").write_text(
        json.dumps(
            [
                {"tool_calls": [{"name": "search", "arguments": {"query": "mayor"}}]},
                "Answer: Ada Quill",
            ]
        )
    )
    home = place / ".outlay"
    run_id(outlay(*RUN, "--budget", "search=5").stdout)
    folder = home / "outputs"
    folder.mkdir(exist_ok=True)
    (folder / "0123456789abcdef.txt").write_text(text)
    done = outlay("show", "any", "--output", "0123456789abcdef")
    assert done.stdout == f"{text}\n"
    wrong = outlay("show", "any", "--output", "../../etc/passwd")
    assert (wrong.returncode, wrong.stdout) == (2, "")
