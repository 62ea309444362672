"""`outlay replay`, `diff` and `whatif` in processes of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ...conftest import RUN, SCRIPT, Outlay


def the_run(outlay: Outlay) -> str:
    assert outlay(*RUN, "--budget", "usd=0.05").returncode == 0
    return str(json.loads(outlay("runs", "--json").stdout.splitlines()[0])["run"])


def test_a_replay_spends_nothing_and_says_the_same(outlay: Outlay) -> None:
    run = the_run(outlay)
    before = outlay("sql", "select sum(usd) from runs").stdout
    done = outlay("replay", run)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].endswith("nothing was spent")
    assert "Answer: Ada Quill" in done.stdout
    assert outlay("sql", "select sum(usd) from runs").stdout == before


def test_a_fork_goes_its_own_way_and_diff_tells_where(outlay: Outlay, place: Path) -> None:
    run = the_run(outlay)
    other = [
        *SCRIPT[:2],
        {"content": "I take it back.\nAnswer: Nobody", "usage": {"input": 9, "output": 5}},
    ]
    (place / "other.json").write_text(json.dumps(other))
    done = outlay("replay", run, "--fork", "5", "--model", "scripted:other.json")
    assert done.returncode == 0, done.stderr
    assert "Nobody" in done.stdout
    forked = next(
        row["run"] for row in map(json.loads, outlay("runs", "--json").stdout.splitlines())
        if row["run"] != run
    )  # fmt: skip
    shown = outlay("diff", run, forked)
    assert shown.returncode == 1
    assert "They part at step 5, in the reply." in shown.stdout
    assert "1│ The mayor is Ada Quill." in shown.stdout
    assert "1│ I take it back." in shown.stdout
    assert outlay("diff", run, run).returncode == 0
    assert outlay("show", forked).returncode == 0


@pytest.mark.parametrize(
    ("budget", "code", "says"),
    [
        ("usd=0.05", 0, "under usd=0.05: the same way to its end (answered), $0."),
        ("search=0,usd=0.05", 1, "under search=0,usd=0.05: unknown from step"),
        ("tokens=10", 1, "cannot pay for one call"),
    ],
)
def test_what_ifs(outlay: Outlay, budget: str, code: int, says: str) -> None:
    done = outlay("whatif", the_run(outlay), "--budget", budget)
    assert (done.returncode, done.stderr) == (code, "")
    assert says in done.stdout


def test_what_ifs_of_an_experiment(outlay: Outlay) -> None:
    done = outlay(
        "bench", "almanac", "--model", "embedded:reader", "--planner", "react,tracker",
        "--budget", "usd=0.016", "--tasks", "6",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    experiment = done.stdout.rstrip().rsplit(" ", 1)[-1]
    done = outlay("whatif", "--experiment", experiment, "--budget", "usd=0.004..0.016x2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    react = [line.split() for line in lines if line.startswith("react ")]
    assert [row[1] for row in react] == ["usd=0.004", "usd=0.008", "usd=0.016"]
    assert react[-1][2] == "6/6"
    known = [int(row[2].partition("/")[0]) for row in react]
    assert known == sorted(known)
    tracker = [line.split() for line in lines if line.startswith("tracker ")]
    assert [row[2] for row in tracker] == ["0/6", "0/6", "6/6"]
    assert "tracker: unknown runs end where the policy is told" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("replay", "nope"), "there is no run 'nope'"),
        (("whatif",), "name a run or an experiment"),
        (("whatif", "nope"), "another budget or other prices are required"),
        (("whatif", "nope", "--budget", "usd=1..2"), "is no range of a budget"),
        (("whatif", "--experiment", "nope", "--budget", "usd=1"), "'nope' has no scored runs"),
        (("diff", "nope", "nope"), "there is no run 'nope'"),
    ],
)
def test_wrong_usage_is_one_sentence(
    complaint: Callable[..., str], arguments: tuple[str, ...], says: str
) -> None:
    assert says in complaint(*arguments)
