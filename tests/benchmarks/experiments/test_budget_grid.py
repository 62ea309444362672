"""Ranges of budgets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.experiments.budget_grid import budgets
from outlay.ledger.budget import Budget
from outlay.ledger.errors import UsageError


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["search=2..16x2"], ["search=2", "search=4", "search=8", "search=16"]),
        (["usd=0.002..0.008x2"], ["usd=0.002", "usd=0.004", "usd=0.008"]),
        (["search=1..4+1.5"], ["search=1", "search=2.5", "search=4"]),
        (["usd=1,search=2..5x2"], ["usd=1,search=2", "usd=1,search=4"]),
        (["a=1..2x2,b=3..4+1"], ["a=1,b=3", "a=1,b=4", "a=2,b=3", "a=2,b=4"]),
        (["usd=1", "usd=1", "seconds=2m"], ["usd=1", "seconds=2m"]),
        (["search=100..1000x10"], ["search=100", "search=1000"]),
    ],
)
def test_ranges(texts: list[str], expected: list[str]) -> None:
    assert list(budgets(texts)) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("search=2..64", "is no range of a budget"),
        ("search=2..64x1", "never comes to its end"),
        ("search=8..2x2", "never comes to its end"),
        ("search=0..2x2", "never comes to its end"),
        ("search=1..1000+1", "more than 100 values"),
    ],
)
def test_a_range_that_makes_no_sense_is_named(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        budgets([text])


@given(st.integers(1, 50), st.integers(1, 500), st.integers(2, 5))
def test_every_value_is_a_budget_within_the_range(first: int, more: int, factor: int) -> None:
    for text in budgets([f"search={first}..{first + more}x{factor}"]):
        calls = Budget.parse(text).limits["tool_calls.search"]
        assert first <= calls <= first + more
