"""`outlay report` and `outlay power`: what was recorded, told again without running anything."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from outlay.benchmarks.experiments.experiment import ExperimentPlan, run_experiment

PLAN = ExperimentPlan(
    suite="almanac", policy="embedded:reader", planners=("react", "tracker"),
    budgets=("search=4,open=2",), tasks=3, repeats=2,
)  # fmt: skip


def test_what_was_recorded_is_told_and_written(inside: Callable[..., str], place: Path) -> None:
    experiment = asyncio.run(run_experiment(PLAN, home=place / ".outlay")).experiment
    printed = inside(
        "report", experiment, "--html", "report.html", "--csv", "runs.csv",
        "--parquet", "runs.parquet",
    )  # fmt: skip
    for said in ("Where the money went", "All pass: pass^k", "On the frontier", "Verdict"):
        assert said in printed
    assert printed.endswith("written: report.html, runs.csv, runs.parquet\n")
    assert max(map(len, printed.splitlines())) <= 100
    lines = list(csv.DictReader((place / "runs.csv").read_text().splitlines()))
    assert len(lines) == 12
    table = duckdb.read_parquet(str(place / "runs.parquet"))
    assert {run for (run,) in table.select("run").fetchall()} == {line["run"] for line in lines}
    page = (place / "report.html").read_text(encoding="utf-8")
    assert experiment in page
    assert page.count('class="steps"') == 12
    assert "→ search {" in page
    check_power(inside, experiment)


def check_power(inside: Callable[..., str], experiment: str) -> None:
    wish = ("--delta", "0.2", "--power", "0.9")
    printed = inside("power", experiment, *wish)
    assert "To see a difference of 20 points in 90 % of experiments" in printed
    told = [json.loads(line) for line in inside("power", experiment, *wish, "--json").splitlines()]
    assert {each["other"]["planner"] for each in told} == {"tracker"}
    assert all(each["runs"] == 2 * each["tasks"] * each["repeats"] for each in told)
    assert {(each["delta"], each["power"]) for each in told} == {(0.2, 0.9)}


@pytest.mark.parametrize("verb", ["report", "power"])
def test_an_unknown_experiment_is_one_sentence(complaint: Callable[..., str], verb: str) -> None:
    assert "there is no experiment 'almanac-nope'" in complaint(verb, "almanac-nope")
