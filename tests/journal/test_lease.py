"""A slice of an account, spent by another process."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.journal.journal import Journal
from outlay.journal.lease import Lease, Lender
from outlay.ledger.account import Account, Shortfall
from outlay.ledger.amount import ZERO, Amount
from outlay.ledger.budget import Budget
from outlay.ledger.errors import BudgetError

BORROWER = textwrap.dedent("""
    import json, sys
    from decimal import Decimal
    from outlay.ledger.account import Hold
    from outlay.ledger.amount import Amount
    from outlay.journal.lease import Lease
    account = Lease.from_dict(json.loads(sys.argv[1])).account()
    while isinstance(hold := account.try_hold(Amount.of_tool_call("t", Decimal("0.003"))), Hold):
        account.settle(hold, hold.amount)
    print(json.dumps({r: str(q) for r, q in account.spent.items()}))
""")


async def test_four_processes_cannot_spend_more_than_their_lender(tmp_path: Path) -> None:
    account = Account(Budget(usd="0.05"), name="suite")
    lender = Lender(account, Journal(tmp_path))
    leases = [await lender.lend(Budget(usd="0.0125")) for _ in range(4)]
    assert isinstance(account.try_hold(Amount.of_tool_call("t", Decimal("0.001"))), Shortfall)
    for lease in leases:
        assert isinstance(lease, Lease)
        command = [sys.executable, "-c", BORROWER, json.dumps(lease.to_dict())]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        spent = json.loads(out)
        lender.take_back(lease, Amount({"usd": Decimal(spent["usd"])}))
    assert account.spent.usd == Decimal("0.048")
    assert account.held == ZERO


async def test_a_lease_is_in_the_journal_before_it_is_handed_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    await Lender(Account(Budget(usd=1)), journal).lend(Budget(usd="0.25"))
    event = json.loads(journal.path.read_text().splitlines()[-1])
    assert (event["kind"], event["call"], event["usd"]) == ("hold", "lease", "0.25")


async def test_a_slice_without_a_limit_is_refused(tmp_path: Path) -> None:
    lender = Lender(Account(Budget(usd=1, tokens=100)), Journal(tmp_path))
    with pytest.raises(BudgetError, match="add tokens="):
        await lender.lend(Budget(usd="0.5"))


async def test_more_than_there_is_is_not_lent(tmp_path: Path) -> None:
    account = Account(Budget(usd=1))
    assert isinstance(await Lender(account, Journal(tmp_path)).lend(Budget(usd=2)), Shortfall)
    assert account.held == ZERO
