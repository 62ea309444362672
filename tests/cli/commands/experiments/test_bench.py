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

from outlay.agent import Home
from outlay.testing import LoopbackServer

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


def test_options_of_the_policy_are_those_of_every_run(
    outlay: Outlay, place: Path, server: LoopbackServer
) -> None:
    done = outlay(
        "bench", "almanac", "--model", f"{server.url}#m", "--budget", "tokens=30k", "--tasks", "2",
        "--temperature", "0.7", "--max-output", "300", "--max-output", "wrap_up=64", "--system",
        "Be brief.", "--tool-protocol", "text", "--stream",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for body in server.bodies:
        assert (body["temperature"], body["max_tokens"], body["stream"]) == (0.7, 300, True)
        assert "tools" not in body
        assert "Be brief." in body["messages"][0]["content"]
    store = Home.at(place / ".outlay").store
    ((plan,),) = store.query(
        "select distinct body -> '$.agent.plan' from events where kind = 'run_started'"
    ).rows
    assert json.loads(plan)["policy_options"] == {
        "max_output": 300, "stream": True, "tool_protocol": "text",
    }  # fmt: skip


def test_an_experiment_has_one_model(outlay: Outlay) -> None:
    done = outlay("bench", "almanac", "--model", "a", "--model", "b", "--budget", "usd=1")
    assert done.returncode == 2
    assert "an experiment has one model, not 2: compare models with `outlay race" in done.stderr
