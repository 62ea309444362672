"""A verdict claims what the intervals hold, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.reports.conclusion import verdict
from outlay.benchmarks.reports.summary import Comparison
from outlay.benchmarks.results import Setup
from outlay.benchmarks.statistics import Estimate, Interval

BASE, OTHER = (Setup(planner, "full", "embedded", "usd=1") for planner in ("p", "q"))


def compared(success: Interval | None, cost: Interval | None, tasks: int = 50) -> Comparison:
    gained, dearer = (
        Estimate((ends.low + ends.high) / 2 if ends else 0.0, ends, tasks)
        for ends in (success, cost)
    )
    return Comparison(
        base=BASE, other=OTHER, tasks=tasks, success=gained, cost=dearer, level=0.95, success_p=1.0
    )


UP, DOWN, OPEN = Interval(0.01, 0.2), Interval(-0.2, -0.01), Interval(-0.1, 0.1)


@pytest.mark.parametrize(
    ("success", "cost", "text"),
    [
        (UP, DOWN, "q solves more and costs less than p."),
        (UP, UP, "q solves more but costs more than p."),
        (DOWN, DOWN, "q solves less but costs less than p."),
        (DOWN, UP, "q solves less and costs more than p."),
        (
            UP,
            OPEN,
            "q solves more than p; no difference in cost was shown "
            "(−$0.10 to +$0.10 per task remain possible).",
        ),
        (
            OPEN,
            DOWN,
            "q costs less than p; no difference in success was shown "
            "(−10.0 to +10.0 points remain possible).",
        ),
        (
            OPEN,
            OPEN,
            "No difference between q and p was shown, neither in success (−10.0 to +10.0 points "
            "remain possible) nor in cost (−$0.10 to +$0.10 per task remain possible).",
        ),
    ],
)
def test_the_sentence_fits_the_intervals(success: Interval, cost: Interval, text: str) -> None:
    assert verdict(compared(success, cost), "p", "q") == text


@pytest.mark.parametrize(("tasks", "words"), [(1, "1 task in"), (9, "9 tasks in")])
def test_few_tasks_give_no_verdict(tasks: int, words: str) -> None:
    text = verdict(compared(UP, DOWN, tasks), "p", "q")
    assert text == f"q against p: {words} common cannot tell them apart, at least 10 are needed."


ends = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(lambda pair: Interval(*sorted(pair)))


@given(ends, ends, st.integers(1, 40))
def test_an_interval_that_holds_zero_is_never_a_claim(
    success: Interval, cost: Interval, tasks: int
) -> None:
    text = verdict(compared(success, cost, tasks), "p", "q")
    if success.low <= 0 <= success.high:
        assert "solves" not in text
    if cost.low <= 0 <= cost.high:
        assert "costs" not in text
