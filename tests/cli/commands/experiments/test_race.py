"""`outlay race`: a small race, run and resumed for nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

RACE = ("race", "almanac", "--model", "embedded:reader", "--tasks", "10", "--block", "5")


def test_a_race_is_run_and_resumed(inside: Callable[..., str], place: Path) -> None:
    budgets = ("--budget", "model_calls=2", "--budget", "usd=0.02")
    first = inside(*RACE, *budgets, "--json", "runs.jsonl")
    assert "after 5 tasks out: react · full · embedded/almanac-reader · model_calls=2" in first
    assert "10 of the full grid's 20 runs were made" in " ".join(first.split())
    rows = [json.loads(line) for line in (place / "runs.jsonl").read_text().splitlines()]
    assert len(rows) == 10
    race = re.findall(r"^race (\S+):", first, re.MULTILINE)[0]
    again = inside(*RACE, *budgets, "--resume", race)
    assert "Verdict" in first
    assert again.partition("Verdict")[2] == first.partition("Verdict")[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "a budget is required"),
        (["--budget", "usd=1"], "a race needs two candidates"),
        (["--budget", "usd=1", "--budget", "usd=2", "--keep", "2"], "leaves nothing to race"),
        (["--budget", "usd=1", "--budget", "usd=2", "--alpha", "1.5"], "alpha 1.5 is no chance"),
        (
            ["--budget", "usd=1", "--budget", "usd=2", "--total-budget", "tokens=5"],
            "a race is limited in USD",
        ),
        (
            ["--budget", "usd=1", "--budget", "usd=2", "--resume", "almanac-nope"],
            "there is no experiment 'almanac-nope'",
        ),
        (
            ["--budget", "usd=1", "--budget", "usd=2", "--json", "no/such/folder"],
            "cannot write results",
        ),
    ],
)
def test_wrong_usage_is_one_sentence(
    complaint: Callable[..., str], arguments: list[str], says: str
) -> None:
    assert says in complaint(*RACE, *arguments)
