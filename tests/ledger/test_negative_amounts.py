"""Amounts below 0, endless or no numbers at all are refused at every door."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.journal import Journal
from outlay.journal.lease import Lease, Lender
from outlay.ledger.account import Account, Hold
from outlay.ledger.amount import ZERO, Amount, Quantity
from outlay.ledger.budget import Budget
from outlay.ledger.errors import UsageError
from outlay.ledger.prices.model_prices import ModelPrice, Rate
from outlay.ledger.prices.tool_prices import ToolPrice
from outlay.ledger.usage import Usage

FINE = Amount({"usd": Decimal("0.5"), "tokens": 10})
WRONG: st.SearchStrategy[Quantity] = (
    st.integers(max_value=-1)
    | st.decimals(max_value=-1, allow_nan=False)
    | st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("-1e-30")])
)
DOORS: list[Callable[[Account, Amount], object]] = [
    lambda account, wrong: account.try_hold(wrong),
    lambda account, wrong: account.try_hold(FINE, reserve=wrong),
    lambda account, wrong: account.reserve(wrong),
    lambda account, wrong: account.settle(held(account), wrong),
    lambda account, wrong: Account(account.budget, spent=wrong),
]


def held(account: Account) -> Hold:
    hold = account.try_hold(FINE)
    assert isinstance(hold, Hold)
    return hold


@given(quantity=WRONG, resource=st.sampled_from(["usd", "tokens", "tool_calls"]))
@pytest.mark.parametrize("door", DOORS)
def test_wrong_amounts_are_refused(
    door: Callable[[Account, Amount], object], quantity: Quantity, resource: str
) -> None:
    account = Account(Budget.parse("usd=1,tokens=100,tool_calls=3"))
    with pytest.raises(UsageError, match="is not a number of 0 or more"):
        door(account, Amount({resource: quantity}))
    assert account.spent == ZERO
    assert account.reserved == ZERO
    assert account.held in (ZERO, FINE)


async def test_waiting_for_a_wrong_amount_is_refused() -> None:
    account = Account(Budget.parse("usd=1"))
    wrong = Amount({"usd": Decimal(-1)})
    for refused in (
        account.hold(wrong),
        account.begin(lambda _: wrong, ZERO),
        account.keep_back(wrong),
    ):
        with pytest.raises(UsageError, match="is not a number of 0 or more"):
            await refused
    assert (account.held, account.reserved) == (ZERO, ZERO)


async def test_a_lease_cannot_be_given_back_with_more_than_was_lent(tmp_path: Path) -> None:
    account = Account(Budget.parse("usd=1"))
    journal = Journal(tmp_path)
    lender = Lender(account, journal)
    lease = await lender.lend(Budget.parse("usd=0.4"))
    assert isinstance(lease, Lease)
    with pytest.raises(UsageError, match="is not a number of 0 or more"):
        lender.take_back(lease, Amount({"usd": Decimal(-5)}))
    assert (account.spent, account.held.usd) == (ZERO, Decimal("0.4"))
    lender.take_back(lease, Amount({"usd": Decimal("0.1")}))
    assert account.spent.usd == Decimal("0.1")
    journal.close()


BAD = (Decimal(-5), Decimal("-1e-30"), Decimal("-Infinity"), Decimal("Infinity"), Decimal("NaN"))


@pytest.mark.parametrize("usd", BAD)
@pytest.mark.parametrize("door", [
    lambda usd: Rate(usd),
    lambda usd: Rate(Decimal(1), ((5, usd),)),
    lambda usd: ToolPrice("t", "here", usd),
    lambda usd: ToolPrice("t", "here", Decimal(0), {"n": usd}),
    lambda usd: ModelPrice("m", input=Rate(Decimal(0)), cache_read=Rate(Decimal(0)),
                           cache_write=Rate(Decimal(0)), output=Rate(Decimal(0)),
                           reasoning=Rate(Decimal(0)), source="here", per_call=usd),
    lambda usd: Budget(usd=usd),
])  # fmt: skip
def test_no_price_and_no_budget_is_wrong(door: Callable[[Decimal], object], usd: Decimal) -> None:
    with pytest.raises((UsageError, ArithmeticError)):
        door(usd)


@given(st.integers(max_value=-1), st.sampled_from(["input", "output", "cache_read", "reasoning"]))
def test_no_bill_has_negative_tokens(count: int, name: str) -> None:
    with pytest.raises(UsageError):
        Usage(**{name: count})
