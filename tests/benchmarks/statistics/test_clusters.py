"""Components of variance, worked out by hand and found again in simulated runs."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.statistics import VarianceComponents, components, design_effect


def test_repeats_that_agree_are_all_between() -> None:
    found = components([[1.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    assert (found.within, found.icc) == (0.0, 1.0)
    assert found.between == pytest.approx(1 / 3)


def test_unequal_numbers_of_repeats() -> None:
    # mean squares 0.4889 and 0.1528 (F = 3.2 as scipy.stats.f_oneway says), 2.978 typical repeats
    found = components([[1, 1, 0], [0, 0, 0], [1, 1, 1], [1, 0], [0, 1, 0], [1, 1, 1, 1]])
    assert found.within == pytest.approx(0.152778, abs=1e-6)
    assert found.between == pytest.approx((3.2 - 1) * 0.152778 / 2.977778, abs=1e-5)


def test_without_repeats_the_parts_cannot_be_told() -> None:
    found = components([[1.0], [0.0], [0.0]])
    assert (found.within, found.icc) == (None, None)
    assert found.of_task_mean(1) == pytest.approx(1 / 3)
    assert found.of_task_mean(2) is None


def test_simulated_parts_are_found_again() -> None:
    rng = random.Random(2)
    groups = []
    for _ in range(3_000):
        true = rng.gauss(0, 0.6)
        groups.append([rng.gauss(true, 0.8) for _ in range(4)])
    found = components(groups)
    assert found.between == pytest.approx(0.36, rel=0.08)
    assert found.within == pytest.approx(0.64, rel=0.05)
    assert found.icc == pytest.approx(0.36, abs=0.03)


@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=4), min_size=2, max_size=9)
)
def test_parts_are_never_negative(groups: list[list[float]]) -> None:
    found = components(groups)
    assert found.between >= 0
    assert found.within is None or found.within >= 0
    assert found.icc is None or 0 <= found.icc <= 1


def test_repeats_narrow_only_what_lies_within() -> None:
    parts = VarianceComponents(between=0.2, within=0.3)
    assert parts.of_task_mean(1) == pytest.approx(0.5)
    assert parts.of_task_mean(3) == pytest.approx(0.3)


@pytest.mark.parametrize("groups", [[], [[1.0]], [[1.0], []]])
def test_too_little_is_refused(groups: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="at least two tasks"):
        components(groups)


def test_the_design_effect_runs_from_nothing_to_the_number_of_repeats() -> None:
    assert design_effect(0.0, 5) == 1
    assert design_effect(0.5, 5) == 3
    assert design_effect(1.0, 5) == 5
