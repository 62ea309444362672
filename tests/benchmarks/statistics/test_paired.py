"""Paired tests against scipy 1.17 and statsmodels 0.15, enumeration, and what they promise."""

from __future__ import annotations

import random
from itertools import product
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.statistics import mcnemar, sign_flip

MONEY = [0.0011, 0.00213, -0.0007, 0.0031, 0.0019, -0.0012, 0.00271, 0.0008, 0.0013, 0.00055]
shares = st.lists(st.integers(-3, 3).map(lambda thirds: thirds / 3), min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("gaps", "both", "greater"),
    [  # scipy.stats.permutation_test, permutation_type="samples", all permutations
        ([1, 1, 0, 1, -1, 1, 1, 1, 0, 1, 1, -1.0], 0.109375, 0.0546875),
        ([1 / 3, 2 / 3, -1 / 3, 1, 0, 1 / 3, -2 / 3, 1 / 3, 1, 2 / 3], 0.125, 0.0625),
    ],
)
def test_shares_are_counted_as_scipy_does(gaps: list[float], both: float, greater: float) -> None:
    assert sign_flip(gaps) == pytest.approx(both, abs=1e-12)
    assert sign_flip(gaps, "greater") == pytest.approx(greater, abs=1e-12)


def test_money_is_drawn_close_to_the_exact_value() -> None:
    assert sign_flip(MONEY) == pytest.approx(0.033203125, abs=0.006)
    assert sign_flip(MONEY, "greater") == pytest.approx(0.0166015625, abs=0.004)


@given(shares)
def test_counting_is_enumeration(gaps: list[float]) -> None:
    sums = [
        sum(sign * abs(gap) for sign, gap in zip(signs, gaps, strict=True))
        for signs in product((-1, 1), repeat=len(gaps))
    ]
    far = [abs(total) >= abs(sum(gaps)) - 1e-9 for total in sums]
    above = [total >= sum(gaps) - 1e-9 for total in sums]
    assert sign_flip(gaps) == pytest.approx(sum(far) / len(far))
    assert sign_flip(gaps, "greater") == pytest.approx(sum(above) / len(above))


@given(shares)
def test_it_does_not_matter_which_set_up_comes_first(gaps: list[float]) -> None:
    assert sign_flip([-gap for gap in gaps]) == sign_flip(gaps)


@given(st.integers(0, 40), st.integers(0, 40))
def test_with_one_run_a_task_it_is_the_exact_mcnemar_test(base: int, other: int) -> None:
    assert sign_flip([1.0] * other + [-1.0] * base) == pytest.approx(mcnemar(base, other))


@pytest.mark.parametrize(
    ("base", "other", "exact", "mid"),
    [  # statsmodels.stats.contingency_tables.mcnemar(exact=True); mid-p by hand
        (1, 8, 0.0390625, 0.021484375),
        (5, 5, 1.0, 1.0),
        (3, 12, 0.03515625, 0.021270751953125),
        (0, 4, 0.125, 0.0625),
        (0, 0, 1.0, 1.0),
    ],
)
def test_mcnemar_gives_the_known_values(base: int, other: int, exact: float, mid: float) -> None:
    assert mcnemar(base, other) == exact
    assert mcnemar(other, base, mid_p=True) == mid


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="-1 and 3 tasks"):
        mcnemar(-1, 3)


def test_many_tasks_are_counted_too() -> None:
    rng = random.Random(1)
    gaps = [rng.choice([-1.0, 0.0, 1.0, 1 / 3]) for _ in range(800)]
    spread = sum(gap * gap for gap in gaps) ** 0.5
    assert sign_flip(gaps) == pytest.approx(
        2 * NormalDist().cdf(-abs(sum(gaps)) / spread), abs=0.02
    )


def test_alike_set_ups_are_told_apart_no_more_often_than_the_level() -> None:
    rng = random.Random(5)
    trials = [[rng.choice([-1.0, 0.0, 1.0]) for _ in range(15)] for _ in range(600)]
    assert sum(sign_flip(gaps) <= 0.05 for gaps in trials) / len(trials) <= 0.065
