"""No door of the ledger takes an amount that would give back what was never paid."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.journal import Journal
from outlay.journal.lease import Lease, Lender
from outlay.ledger.account import Account
from outlay.ledger.amount import ZERO, Amount
from outlay.ledger.budget import Budget
from outlay.ledger.errors import UsageError
from outlay.ledger.holds import Hold
from outlay.ledger.prices.model_prices import ModelPrice, Rate
from outlay.ledger.prices.tool_prices import ToolPrice
from outlay.ledger.usage import Usage

BAD = (Decimal(-5), Decimal("-0.0000001"), Decimal("-Infinity"), Decimal("Infinity"),
       Decimal("NaN"))  # fmt: skip


@pytest.mark.parametrize("usd", BAD)
async def test_no_door_takes_it(usd: Decimal, tmp_path: Path) -> None:
    account = Account(Budget.parse("usd=1"))
    held = account.try_hold(Amount({"usd": Decimal("0.5")}))
    assert isinstance(held, Hold)
    bad = Amount({"usd": usd})
    doors = [
        lambda: Account(Budget.parse("usd=1"), spent=bad),
        lambda: account.try_hold(bad),
        lambda: account.try_hold(ZERO, reserve=bad),
        lambda: account.reserve(bad),
        lambda: account.settle(held, bad),
        lambda: account.child().try_hold(bad),
        lambda: Rate(usd),
        lambda: Rate(Decimal(1), ((5, usd),)),
        lambda: ToolPrice("t", "here", usd),
        lambda: ToolPrice("t", "here", Decimal(0), {"n": usd}),
        lambda: ModelPrice("m", input=Rate(Decimal(0)), cache_read=Rate(Decimal(0)),
                           cache_write=Rate(Decimal(0)), output=Rate(Decimal(0)),
                           reasoning=Rate(Decimal(0)), source="here", per_call=usd),
        lambda: Budget(usd=usd),
    ]  # fmt: skip
    for door in doors:
        with pytest.raises((UsageError, ArithmeticError)):
            door()
    for wait in (account.hold(bad), account.keep_back(bad), account.begin(lambda _: bad, ZERO)):
        with pytest.raises((UsageError, ArithmeticError)):
            await wait
    journal = Journal(tmp_path)
    lender = Lender(account, journal)
    lease = await lender.lend(Budget.parse("usd=0.2"))
    assert isinstance(lease, Lease)
    before = account.spent, account.held
    with pytest.raises((UsageError, ArithmeticError)):
        lender.take_back(lease, bad)
    assert (account.spent, account.held) == before
    lender.take_back(lease, ZERO)
    journal.close()
    account.release(held)
    assert (account.spent, account.held, account.reserved) == (ZERO, ZERO, ZERO)


@given(st.integers(max_value=-1), st.sampled_from(["input", "output", "cache_read", "reasoning"]))
def test_no_bill_has_negative_tokens(count: int, name: str) -> None:
    with pytest.raises(UsageError):
        Usage(**{name: count})
