"""Budgets from text and from Python, and the sentence that each mistake gets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.budget import COUNTS, Budget, Limit
from outlay.ledger.errors import BudgetError


def test_the_example_of_the_command_line() -> None:
    budget = Budget.parse("usd=0.10,tokens=200k,search=20,seconds=2m,fetch=5,fetch.usd=0.02")
    assert budget == Budget(
        usd=Decimal("0.10"), tokens=200_000, seconds=120,
        per_tool={"search": 20, "fetch": Limit(calls=5, usd=Decimal("0.02"))},
    )  # fmt: skip
    assert budget.limits == {
        "usd": Decimal("0.10"), "tokens": 200_000, "tool_calls.search": 20,
        "tool_calls.fetch": 5, "usd.fetch": Decimal("0.02"),
    }  # fmt: skip


COUNT = st.none() | st.integers(0, 10**9)
USD = st.none() | st.decimals(0, 1000, places=6)
BUDGETS = st.builds(
    Budget,
    usd=USD,
    seconds=st.none() | st.integers(0, 10**6),
    per_tool=st.dictionaries(
        st.sampled_from(["search", "open"]),
        st.builds(Limit, calls=st.integers(0, 99), usd=USD),
    ),
    **dict.fromkeys(COUNTS, COUNT),
)


@given(BUDGETS)
def test_text_and_back(budget: Budget) -> None:
    text = str(budget)
    if text:
        assert Budget.parse(text) == budget


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("usd=-1", "'-1' is not a number"),
        ("usd=nan", "'nan' is not a number"),
        ("usd=inf", "'inf' is not a number"),
        ("tokens=2x", "units: k/m/b"),
        ("tokens=1.5", "must be a whole number"),
        ("seconds=2d", "units: s/m/h"),
        ("usd=1,usd=2", "names 'usd' twice"),
        ("search", "is not NAME=LIMIT"),
        ("search.tokens=4", "limited by `calls` or `usd`"),
        ("tokens=1e400", "tokens=1e+400 is more than 1e+12: leave tokens out"),
        ("seconds=1e999", "is more than 1e+12"),
        (".usd=4", "per_tool[''] is no name of a tool"),
        ("", "is empty"),
    ],
)
def test_nonsense_is_one_clear_error(text: str, said: str) -> None:
    with pytest.raises(BudgetError) as caught:
        Budget.parse(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"usd": -1}, {"usd": float("nan")}, {"tokens": 1.5}, {"model_calls": True},
              {"seconds": float("inf")}, {"per_tool": {"search": "many"}}, {"usd": "ten"},
              {"per_tool": ["search"]}, {"per_tool": {3: 1}}, {"per_tool": {"usd": 1}}],
)  # fmt: skip
def test_nonsense_in_python(wrong: dict[str, Any]) -> None:
    with pytest.raises(BudgetError):
        Budget(**wrong)


def test_an_unknown_tool_is_named_with_the_known_ones() -> None:
    with pytest.raises(BudgetError, match=r"limits 'serach'.*its tools are open, search"):
        Budget.parse("serach=20").check_tools(["search", "open"])


def test_adding_raises_limits_and_invents_none() -> None:
    more = Budget.parse("usd=0.10,search=2") + Budget.parse("usd=1,search=3,tokens=5k")
    assert more == Budget(usd=Decimal("1.10"), per_tool={"search": 5})
