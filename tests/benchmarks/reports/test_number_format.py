"""Figures are short and never round a little to nothing or nearly all to all."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.reports import number_format
from outlay.benchmarks.statistics import Estimate, Interval


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (0.0041, "$0.0041"),
        (0.00012, "$0.00012"),
        (0.0999, "$0.10"),
        (-0.00106, "−$0.0011"),
        (0.999, "$1.00"),
        (12.3, "$12.30"),
        (1204.5, "$1,204.50"),
    ],
)
def test_usd(value: float, text: str) -> None:
    assert number_format.usd(value) == text


@pytest.mark.parametrize(
    ("amounts", "places"),
    [
        ([], 2),
        ([0, inf], 2),
        ([0.0187, 0.0076], 4),
        ([0.00012], 6),
        ([12.3, 9.99], 2),
        ([12.3, 0.0001], 4),
        ([1e-9], 6),
    ],
)
def test_decimals(amounts: list[float], places: int) -> None:
    assert number_format.decimals(amounts) == places


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0041, "$0.0041"), (0, "$0"), (1e-6, "<$0.0001"), (inf, "∞"), (1234, "$1,234.0000")],
)
def test_aligned_usd(value: float, text: str) -> None:
    assert number_format.aligned_usd(value, 4) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0 %"), (0.0001, "0.1 %"), (0.713, "71.3 %"), (0.9999, "99.9 %"), (1, "100.0 %")],
)
def test_percent(share: float, text: str) -> None:
    assert number_format.percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0.0"), (0.083, "+8.3"), (-0.5, "−50.0"), (0.0004, "+0.04")]
)
def test_points(share: float, text: str) -> None:
    assert number_format.points(share) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0.00"), (3.218, "3.22"), (42.51, "42.5"), (1204.4, "1,204")]
)
def test_quantity(value: float, text: str) -> None:
    assert number_format.quantity(value) == text


def test_intervals() -> None:
    estimate = Estimate(0.01, Interval(0.0039, inf), 20)
    assert number_format.usd_interval(estimate, 4) == "0.0039–∞"
    assert number_format.usd_interval(Estimate(0.01, None, 1), 4) == ""


@given(st.floats(1e-9, 1e6))
def test_usd_is_read_back_within_two_digits(value: float) -> None:
    read = float(number_format.usd(value).replace("$", "").replace(",", ""))
    assert read == pytest.approx(value, rel=0.051, abs=0.0051 if value > 0.99 else 0)


@given(st.floats(-1, 1).filter(lambda share: abs(share) > 1e-9))
def test_points_keep_their_sign(share: float) -> None:
    assert number_format.points(share)[0] == ("+" if share > 0 else "−")


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "< 0.1 %"), (0.004, "0.4 %"), (0.694, "69 %"), (0.993, "99.3 %"), (1.0, "> 99.9 %")],
)
def test_odds_are_never_certain(share: float, text: str) -> None:
    assert number_format.odds(share) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.0, "< 0.001"), (0.00391, "0.0039"), (0.5, "0.5"), (1.0, "1")]
)
def test_p_values_are_never_nothing(p: float, text: str) -> None:
    assert number_format.p_value(p) == text


def test_one_is_singular() -> None:
    assert [number_format.count(number, "task") for number in (0, 1, 1204)] == [
        "0 tasks", "1 task", "1,204 tasks",
    ]  # fmt: skip
