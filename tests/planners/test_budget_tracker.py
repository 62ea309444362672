"""The Budget Tracker: regimes follow what is free, and prices are told once each."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.planners.budget_tracker import (
    REGIMES,
    BudgetLine,
    budget_block,
    calls_in_words,
    price_list,
)

COUNTS = st.integers(0, 1000)


@pytest.mark.parametrize(
    ("used", "free", "calls", "regime"),
    [
        (3, 7, None, "HIGH"),
        (31, 69, None, "MEDIUM"),
        (7, 3, None, "MEDIUM"),
        (9, 1, None, "LOW"),
        (91, 9, None, "CRITICAL"),
        (0, 0, None, "CRITICAL"),
        (0, 4, 4, "HIGH"),
        (0, 3, 3, "MEDIUM"),
        (0, 1, 1, "LOW"),
        (0, 100, 0, "CRITICAL"),
    ],
)
def test_regimes(used: int, free: int, calls: int | None, regime: str) -> None:
    assert REGIMES[BudgetLine("tokens", used, free, calls=calls).regime] == regime


@given(COUNTS, COUNTS, COUNTS, st.integers(0, 9))
def test_what_is_kept_back_makes_no_regime_better(
    used: int, left: int, kept: int, calls: int
) -> None:
    kept = min(kept, left)
    whole = BudgetLine("tokens", used, left, calls=calls)
    line = BudgetLine("tokens", used, left - kept, kept, calls=min(calls, left - kept))
    assert line.regime >= whole.regime


@given(st.lists(st.builds(BudgetLine, st.just("tokens"), COUNTS, COUNTS), min_size=1))
def test_the_shortest_resource_decides(lines: list[BudgetLine]) -> None:
    regime = REGIMES[max(line.regime for line in lines)]
    assert f"\nregime: {regime}" in budget_block(lines)


@pytest.mark.parametrize(
    ("tools", "tokens", "told"),
    [
        ({}, None, ""),
        ({"look": 0}, (0, 0), ""),
        ({"look": 0, "search": 1}, None, "prices in usd: 1 a call of search"),
        ({"look": 1, "search": 1}, None, "prices in usd: 1 a call of any tool"),
        ({"a": 1, "b": 2, "c": 1}, None, "prices in usd: 1 a call of a, c, 2 a call of b"),
        ({}, ("0.25", 2), "prices in usd: a million tokens 0.25 read, 2 written"),
    ],
)
def test_prices(tools: dict[str, int], tokens: tuple[object, ...] | None, told: str) -> None:
    usd = {name: Decimal(price) for name, price in tools.items()}
    read_and_written = tuple(map(Decimal, map(str, tokens))) if tokens else None
    assert price_list(usd, read_and_written) == told  # type: ignore[arg-type]


def test_purposes_in_words() -> None:
    assert calls_in_words(["wrap_up"]) == "the final answer"
    assert calls_in_words(["verify", "wrap_up"]) == "the check and the final answer"
    assert calls_in_words(["a", "b", "c"]) == "a, b and c"
