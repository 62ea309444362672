"""One table says what can be limited; budgets, amounts and the store's view follow it."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.store import views
from outlay.ledger.amount import Amount
from outlay.ledger.budget import Budget, Limit
from outlay.ledger.resources import (
    BY_NAME,
    COLUMNS,
    PER_TOOL,
    RESOURCES,
    SUMS,
    ResourceLimits,
    is_money,
    recorded_quantity,
    split_resource,
)
from outlay.ledger.usage import CLASSES, Usage

TOKENS = st.integers(0, 10**6)
CLI = Path(__file__).parents[2] / "docs" / "cli.md"


def test_every_row_has_its_limit() -> None:
    assert {field.name for field in fields(ResourceLimits)} == set(BY_NAME)
    assert {field.name for field in fields(Limit)} == set(PER_TOOL)


@pytest.mark.parametrize("name", list(BY_NAME))
def test_every_resource_is_read_and_written(name: str) -> None:
    budget = Budget.parse(f"{name}=7")
    assert str(budget) == f"{name}=7"
    assert budget.limits == ({name: 7} if BY_NAME[name].adds == "sum" else {})


@pytest.mark.parametrize("name", list(BY_NAME))
def test_every_resource_is_documented(name: str) -> None:
    assert f"`{name}`" in CLI.read_text(encoding="utf-8")


def test_the_view_of_runs_has_a_column_for_each_that_names_one() -> None:
    columns = {column.name: column.text for column in views.view("runs").columns}
    assert {name: columns.get(name) for name, _ in COLUMNS} == {
        name: column.about for name, column in COLUMNS
    }


@given(usage=st.builds(Usage, **dict.fromkeys(CLASSES, TOKENS)))
def test_no_bill_exceeds_its_bound(usage: Usage) -> None:
    bound = Amount.of_model_call(Decimal(1), usage.input_tokens, usage.output_tokens)
    bill = Amount.of_model_bill(Decimal(1), usage)
    assert all(bill[row.name] <= bound[row.name] for row in SUMS)
    assert (bill["tokens"], bill["model_calls"]) == (bound["tokens"], 1)


@pytest.mark.parametrize(
    ("name", "tool", "money", "quantity"),
    [
        ("usd", "", True, Decimal("0.5")),
        ("usd.fetch", "fetch", True, Decimal("0.5")),
        ("tool_calls.fetch", "fetch", False, 5),
        ("tokens", "", False, 5),
    ],
)
def test_a_resource_says_what_it_is(
    name: str, tool: str, money: bool, quantity: int | Decimal
) -> None:
    row, of = split_resource(name)
    assert (row in RESOURCES, of, is_money(name)) == (True, tool, money)
    assert recorded_quantity(name, str(quantity)) == quantity


def test_a_tool_is_no_money() -> None:
    assert not is_money("search")
