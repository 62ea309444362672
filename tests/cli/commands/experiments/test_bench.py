"""`outlay bench`: a small experiment, interrupted and resumed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ...conftest import PROGRAM, Outlay, hear_ctrl_c

BENCH = ("bench", "almanac", "--policy", "embedded:reader", "--budget", "search=8,open=4")


def test_an_experiment_reports_and_writes_a_row_per_run(outlay: Outlay, place: Path) -> None:
    done = outlay(
        *BENCH, "--planner", "react,tracker", "--tasks", "4", "--budget", "search=1,open=1",
        "--total-budget", "usd=5", "--knob", "hops=[1,2]", "--json", "rows.jsonl",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "16 of 16 runs" in done.stdout
    assert "Verdict" in done.stdout
    assert "\x1b" not in done.stdout
    rows = [json.loads(line) for line in (place / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == 16
    assert {row["planner"] for row in rows} == {"react", "tracker"}
    assert {row["budget"] for row in rows} == {"search=8,open=4", "search=1,open=1"}
    run = rows[0]["run"]
    refused = outlay("resume", run)
    assert "belongs to an experiment: go on with it by `outlay bench --resume" in refused.stderr
    listed = outlay("runs", "--experiment", re.findall(r"almanac-\w+", done.stdout)[0], "--json")
    assert len(listed.stdout.splitlines()) == 16


def test_an_interrupted_experiment_goes_on(outlay: Outlay, place: Path) -> None:
    command = [PROGRAM, *BENCH, "--tasks", "40", "--concurrency", "1"]
    with subprocess.Popen(
        command,
        preexec_fn=hear_ctrl_c,
        cwd=place,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        lines = iter(running.stdout)
        experiment = next(lines).split()[1]
        assert " of 40 runs" in next(lines)
        running.send_signal(signal.SIGINT)
        rest = "".join(lines)
        running.wait(60)
    assert running.returncode == 130
    assert f"outlay bench --resume {experiment}" in rest
    done = outlay("bench", "--resume", experiment, "--json", "rows.jsonl")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (place / "rows.jsonl").read_text().splitlines()]
    assert len({row["run"] for row in rows}) == len(rows) == 40


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bench"], "a suite is required"),
        (["bench", "nope", "--model", "human", "--budget", "usd=1"], "no suite is called 'nope'"),
        ([*BENCH, "--knob", "hops"], "knob 'hops' is not NAME=VALUE"),
        ([*BENCH, "--planner", "nope"], "no planner is called 'nope'"),
        ([*BENCH, "--json", "no/such/folder"], "cannot write results"),
        (["bench", "--resume", "almanac-nope"], "there is no experiment 'almanac-nope'"),
        (["bench", "almanac", "--model", "embedded:reader"], "a budget is required"),
        ([*BENCH, "--total-budget", "serch=9"], "its tools are open, search"),
    ],
)
def test_wrong_usage_is_one_sentence(
    complaint: Callable[..., str], arguments: list[str], says: str
) -> None:
    assert says in complaint(*arguments)
