"""`outlay suites`: the list, the verdict and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from outlay.benchmarks.suite import suite_names
from outlay.cli.commands.experiments.suites import suites
from outlay.ledger.errors import UsageError

from .samples import HOTPOT, HOTPOT_YES, write

APP = typer.Typer()
APP.command()(suites)


def test_every_suite_is_listed_with_what_it_is() -> None:
    lines = CliRunner().invoke(APP, ["list"]).output.splitlines()
    assert [line.split()[0] for line in lines] == list(suite_names())
    assert all(line.endswith(".") and len(line.split()) > 4 for line in lines)


def test_a_valid_suite_is_told_with_its_baselines(tmp_path: Path) -> None:
    data = str(write(tmp_path / "d.jsonl", HOTPOT, HOTPOT_YES))
    done = CliRunner().invoke(APP, ["validate", "hotpotqa", "--data", data])
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "hotpotqa: 2 tasks (1 bridge, 1 comparison)",
        "gold solution: full marks on 2 of 2",
        "no answer: 0.0%",
        "an empty answer: 0.0%",
        "always 'Ada Quill': 50.0%",
        "gold hidden: checked (the agent sees the same when it is changed)",
        "valid",
    ]


def test_a_suite_that_is_not_valid_has_an_exit_code(tmp_path: Path) -> None:
    records = ({"input": "Who?", "target": "-"}, {"input": "Who?", "target": "Ada"})
    data = str(write(tmp_path / "d.jsonl", *records))
    order = ["validate", "dataset", "--data", data, "--knob", "scorer=includes"]
    done = CliRunner().invoke(APP, order)
    assert done.exit_code == 1
    assert "invalid: no full marks for the gold solution of line-1" in done.output
    told = json.loads(CliRunner().invoke(APP, [*order, "--json"]).output)
    assert (told["valid"], told["solved"], told["tasks"]) == (False, 1, 2)


def test_tasks_to_look_at_are_told(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from outlay.benchmarks.suites.published import TaskSet, question\n"
        "def own():\n"
        "    task = question('a', 'Say Ada Quill Soral.', 'Ada Quill Soral')\n"
        "    return TaskSet(name='own', items=(task,), tools=lambda task: [])\n"
    )
    done = CliRunner().invoke(APP, ["validate", f"{tmp_path}/own.py:own"])
    assert done.exit_code == 0
    assert "look: 1 task with an accepted answer in prompt or tools: a\nvalid" in done.output


def test_broken_data_and_a_missing_name_are_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text("{")
    with pytest.raises(UsageError, match="line 1: broken JSON"):
        CliRunner().invoke(
            APP, ["validate", "gsm8k", "--data", f"{tmp_path}/d.jsonl"], catch_exceptions=False
        )
    with pytest.raises(UsageError, match="which suite is to be validated"):
        CliRunner().invoke(APP, ["validate"], catch_exceptions=False)
