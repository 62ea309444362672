"""Sample sizes against statsmodels' exact power, and against simulated experiments."""

from __future__ import annotations

import random
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.benchmarks.statistics import detectable, tasks_needed
from outlay.benchmarks.statistics.student import cdf, quantile


@pytest.mark.parametrize(
    ("t", "degrees", "share"),
    [  # scipy.stats.t.cdf
        (0.5, 1, 0.6475836176504333),
        (2.0, 3, 0.9303370157205785),
        (-1.3, 7, 0.11738391769618862),
        (2.5, 30, 0.9909421754659666),
        (6.0, 400, 0.9999999977887997),
    ],
)
def test_students_t_is_scipys(t: float, degrees: int, share: float) -> None:
    assert cdf(t, degrees) == pytest.approx(share, abs=1e-13)
    assert quantile(share, degrees) == pytest.approx(t, abs=1e-6)


@given(st.floats(0.001, 0.999), st.integers(1, 500))
def test_the_quantile_turns_the_distribution_round(share: float, degrees: int) -> None:
    assert cdf(quantile(share, degrees), degrees) == pytest.approx(share, abs=1e-10)


@pytest.mark.parametrize(
    ("effect", "usual", "strict"),
    [  # statsmodels TTestPower().solve_power, rounded up: at 5 % and 80 %, at 1 % and 90 %
        (0.02, 19_625, 37_202),
        (0.1, 787, 1_492),
        (0.5, 34, 63),
    ],
)
def test_tasks_needed_are_those_of_the_exact_test(effect: float, usual: int, strict: int) -> None:
    assert tasks_needed(1.0, effect) == pytest.approx(usual, abs=1)
    assert tasks_needed(1.0, effect, alpha=0.01, power=0.9) == pytest.approx(strict, abs=1)


def test_as_many_tasks_as_told_show_the_difference_as_often_as_told() -> None:
    rng = random.Random(11)
    tasks = tasks_needed(0.25, 0.3)
    critical = quantile(0.975, tasks - 1)
    shown = 0
    for _ in range(1_500):
        gaps = [rng.gauss(0.3, 0.5) for _ in range(tasks)]
        shown += fmean(gaps) / (stdev(gaps) / tasks**0.5) > critical
    assert shown / 1_500 == pytest.approx(0.8, abs=0.035)


@settings(max_examples=30)
@given(st.floats(0.01, 2.0), st.integers(2, 5_000))
def test_needed_and_detectable_agree(variance: float, tasks: int) -> None:
    delta = detectable(variance, tasks)
    assert tasks_needed(variance, delta * 1.000001) <= tasks
    assert tasks == 2 or tasks_needed(variance, delta * 0.999) >= tasks


@settings(max_examples=30)
@given(st.floats(0.05, 1.0), st.floats(0.01, 0.5))
def test_a_smaller_difference_needs_more(variance: float, delta: float) -> None:
    assert tasks_needed(variance, delta / 2) >= tasks_needed(variance, delta)


def test_nothing_to_tell_apart_needs_two_tasks() -> None:
    assert tasks_needed(0.0, 0.1) == 2


@pytest.mark.parametrize(
    ("variance", "delta", "alpha", "power"),
    [
        (1, 0, 0.05, 0.8),
        (-1, 1, 0.05, 0.8),
        (1, 1, 0.0, 0.8),
        (1, 1, 0.05, 1.0),
        (1, 1e-9, 0.05, 0.8),
    ],
)
def test_impossible_wishes_are_refused(
    variance: float, delta: float, alpha: float, power: float
) -> None:
    with pytest.raises(ValueError, match=r"difference of|alpha"):
        tasks_needed(variance, delta, alpha=alpha, power=power)
