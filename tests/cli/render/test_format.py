"""How figures and foreign text are written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.cli.render import format

AMOUNTS = st.decimals(0, 10**6, places=12)


@given(AMOUNTS)
def test_exact_usd_loses_no_digit(amount: Decimal) -> None:
    assert Decimal(format.exact_usd(amount).replace("$", "").replace(",", "")) == amount


@given(AMOUNTS, st.integers(4, 6))
def test_rounded_usd_is_within_half_a_step(amount: Decimal, places: int) -> None:
    shown = format.usd(amount, places)
    value = Decimal(shown.replace("$", "").replace(",", "").removeprefix("<"))
    step = Decimal(1).scaleb(-places)
    assert abs(value - amount) <= (step if shown.startswith("<") else step / 2)
    assert (value == 0) == (amount == 0)


@given(st.text())
def test_arguments_are_one_line_whatever_the_policy_wrote(text: str) -> None:
    assert "\n" not in format.arguments(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"query": "old river"}', "old river"),
        ('{"query": "old river", "limit": 3}', "query=old river, limit=3"),
        ("{}", ""),
        ("not json", "not json"),
        ("[1]", "[1]"),
        ("[" * 100_000, "[" * 500),
    ],
)
def test_arguments(text: str, shown: str) -> None:
    assert format.arguments(text) == shown


def test_what_is_left() -> None:
    left = {"usd": Decimal("0.0988"), "tool_calls.search": 7, "model_calls": 1, "seconds": 80.0}
    assert format.left(left, 4) == "$0.0988 · 7 search · 1 model call · 1 min 20 s"
