"""Sizes from logs: by hand, by simulation, and as they are printed."""

from __future__ import annotations

import random
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from outlay.benchmarks.reports.power import PowerSummary, PowerTarget, plan_sizes
from outlay.benchmarks.reports.terminal.power_report import render_power
from outlay.benchmarks.results import ResultRow
from outlay.benchmarks.statistics import sign_flip, tasks_needed

from ..conftest import MakeRow

WISH = PowerTarget(delta=0.1)


def simulated(
    make: MakeRow, tasks: int, repeats: int, gain: float, seed: int, **changes: object
) -> list[ResultRow]:
    """Returns runs of two set-ups on tasks of unequal difficulty; the other is better by `gain`."""
    rng = random.Random(seed)
    rows = []
    for task in range(tasks):
        ease = rng.choice([0.1, 0.3, 0.5, 0.7]) + rng.uniform(-0.05, 0.05)
        for planner, chance in (("react", ease), ("tracker", ease + gain)):
            for repeat in range(repeats):
                won = rng.random() < chance
                rows.append(make(f"t{task:03}", won, planner=planner, repeat=repeat, **changes))
    return rows


def only(rows: list[ResultRow], wish: PowerTarget = WISH) -> PowerSummary:
    (summary,) = plan_sizes(rows, wish)
    return summary


def test_differences_by_hand(make_row: MakeRow) -> None:
    won = {"a": (0, 1), "b": (1, 1), "c": (0, 0), "d": (1, 0), "e": (0, 1)}
    rows = [
        make_row(task, bool(results[place]), cost, planner=planner)
        for place, (planner, cost) in enumerate((("react", "0.002"), ("bats", "0.004")))
        for task, results in won.items()
    ]
    summary = only(rows)
    (size,) = summary.sizes
    assert size.tasks == tasks_needed(0.7, 0.1)  # differences 1, 0, 0, -1, 1
    assert (size.repeats, size.runs) == (1, 2 * size.tasks)
    assert size.usd == pytest.approx(size.tasks * 0.006)
    assert summary.unpaired == tasks_needed(0.6, 0.1)
    assert summary.icc is None


def test_as_many_tasks_as_told_show_the_gain(make_row: MakeRow) -> None:
    tasks = next(size for size in only(simulated(make_row, 600, 3, 0.1, 1)).sizes).tasks
    shown = 0
    for seed in range(100):
        rows = simulated(make_row, tasks, 1, 0.1, 1000 + seed)
        wins = [row.success for row in rows]
        gaps = [float(b) - float(a) for a, b in zip(wins[::2], wins[1::2], strict=True)]
        shown += sign_flip(gaps) <= 0.05 and sum(gaps) > 0
    assert shown == pytest.approx(80, abs=12)


def test_repeats_save_tasks_but_not_runs(make_row: MakeRow) -> None:
    summary = only(simulated(make_row, 200, 3, 0.1, 2))
    tasks = [size.tasks for size in summary.sizes]
    runs = [size.runs for size in summary.sizes]
    assert tasks == sorted(tasks, reverse=True)
    assert runs == sorted(runs)
    assert summary.cheapest.repeats == 1
    assert summary.icc
    assert summary.unpaired > summary.sizes[0].tasks


def test_repeats_that_always_agree_are_worth_nothing(make_row: MakeRow) -> None:
    rows = simulated(make_row, 60, 1, 0.1, 3)
    again = [row.model_copy(update={"repeat": 1}) for row in rows]
    summary = only([*rows, *again])
    assert len({size.tasks for size in summary.sizes}) == 1
    assert summary.icc == 1.0


def test_set_ups_that_were_never_apart_are_not_called_alike(make_row: MakeRow) -> None:
    rows = [make_row(f"t{place}", True, planner=p) for place in range(30) for p in ("p", "q")]
    assert only(rows).sizes[0].tasks > 20


def test_one_setup_is_set_against_a_twin(make_row: MakeRow) -> None:
    rows = [make_row(f"t{place}", place % 2 == 0) for place in range(40)]
    summary = only(rows)
    assert summary.other is None
    assert summary.sizes[0].tasks == tasks_needed(2 * 10 / 39, 0.1)
    assert summary.sizes[0].usd == pytest.approx(summary.sizes[0].tasks * 0.004)


def test_comparisons_share_the_false_alarms(make_row: MakeRow) -> None:
    rows = simulated(make_row, 50, 1, 0.1, 4)
    third = [row.model_copy(update={"planner": "bats"}) for row in rows if row.planner == "tracker"]
    alone, shared = only(rows), plan_sizes([*rows, *third], WISH)
    assert len(shared) == 2
    assert shared[0].sizes[0].tasks > alone.sizes[0].tasks


def test_nothing_in_common_gives_nothing(make_row: MakeRow) -> None:
    assert plan_sizes([], WISH) == []
    assert plan_sizes([make_row("a", True)], WISH) == []
    assert plan_sizes([make_row("a", True), make_row("b", True, planner="bats")], WISH) == []


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 50), st.sampled_from([0.02, 0.05, 0.2]), st.integers(1, 3))
def test_what_is_told_is_consistent(seed: int, delta: float, repeats: int) -> None:
    rng = random.Random(seed)
    rows = [
        _row(f"t{task}", rng.random() < 0.5, planner, repeat)
        for task in range(12)
        for planner in ("p", "q")
        for repeat in range(repeats)
    ]
    for summary in plan_sizes(rows, PowerTarget(delta=delta)):
        assert all(size.runs == 2 * size.tasks * size.repeats for size in summary.sizes)
        at_log = next((s for s in summary.sizes if s.repeats == repeats), None)
        if at_log and repeats == 1:
            assert (at_log.tasks <= summary.tasks) == (summary.sees <= delta)


def _row(task: str, won: bool, planner: str, repeat: int) -> ResultRow:
    return ResultRow(
        task=task, planner=planner, memory="full", policy="p", budget="usd=1", repeat=repeat,
        seed=0, status="answered", score=float(won), cost_usd="0.01", tool_calls=1,
        model_calls=1, input_tokens=1, output_tokens=1, seconds=1, run="",
    )  # fmt: skip


TEXT = """\
memory full · policy embedded · budget search=8

To see a difference of 5 points in 80 % of experiments, at 5 % false alarms, against react
"""


def test_it_is_printed_within_the_width(make_row: MakeRow) -> None:
    wish = PowerTarget(delta=0.05)
    out = StringIO()
    rows = simulated(make_row, 40, 3, 0.1, 5)
    Console(file=out, width=100).print(render_power(plan_sizes(rows, wish), wish))
    assert out.getvalue().startswith(TEXT)
    assert "cheapest" in out.getvalue()
    assert "40 tasks as in the log can see" in out.getvalue()
    assert "ICC of 0." in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= 100
