"""Axes put values in order, within their ends."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from outlay.benchmarks.reports.html.scale import AxisScale, money_scale

amounts = st.lists(st.floats(1e-6, 1e4), min_size=1, max_size=8)


@given(amounts)
def test_dearer_is_further_right(values: list[float]) -> None:
    scale = money_scale(values, 40, 800)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(40 - 1e-6 <= place <= 800 + 1e-6 for place in places)


@given(amounts, st.integers(2, 12))
def test_ticks_are_few_in_order_and_on_the_axis(values: list[float], most: int) -> None:
    scale = money_scale(values, 0, 100)
    ticks = scale.ticks(most)
    assert ticks == sorted(set(ticks))
    assert len(ticks) <= most + 1
    assert all(scale.low <= tick * (1 + 1e-9) and tick <= scale.high * (1 + 1e-9) for tick in ticks)


@given(st.floats(0.001, 1e3))
def test_a_linear_axis_has_ticks_to_read_it_by(high: float) -> None:
    assert len(AxisScale(low=0.0, high=high, start=0, end=1).ticks(5)) >= 2


def test_amounts_that_differ_widely_are_on_a_logarithmic_axis() -> None:
    scale = money_scale([0.001, 0.5], 0, 300)
    assert scale.is_log
    assert scale.ticks(9) == pytest.approx([0.001, 0.01, 0.1, 1.0])
    assert scale.at(0.01) == pytest.approx(100)
    assert scale.at(0.0) == 0


def test_nothing_spent_has_an_axis_too() -> None:
    assert money_scale([0.0], 0, 100).at(0.0) == 0


@given(st.floats(0.5, 1e6), st.floats(1.0, 29.0))
def test_near_amounts_start_at_zero(low: float, ratio: float) -> None:
    assume(ratio < 29)
    assert money_scale([low, low * ratio], 0, 100).low == 0.0
