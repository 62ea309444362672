"""Leases: a slice of an account that another process spends.

A lease is a hold in the lender's journal. The borrower opens an ordinary account over the lease's
budget, so it cannot spend more, and reports what it spent when it gives the lease back. A
borrower that never comes back has spent its whole slice, as far as the lender knows.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..ledger.account import Account, Hold, Shortfall
from ..ledger.amount import Amount, checked
from ..ledger.budget import Budget
from ..ledger.errors import BudgetError
from .events import Event
from .journal import Journal


@dataclass(frozen=True)
class Lease:
    """What the borrower is given; `budget` travels as text."""

    id: str
    budget: Budget

    def account(self) -> Account:
        """Opens the borrower's account."""
        return Account(self.budget, name=f"lease {self.id}")

    def to_dict(self) -> dict[str, str]:
        return {"id": self.id, "budget": str(self.budget)}

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Lease:
        return cls(data["id"], Budget.parse(data["budget"]))


class Lender:
    """Lends slices of an account.

    Args:
        account: whose money is lent.
        journal: where leases are written before they are handed out.
    """

    def __init__(self, account: Account, journal: Journal) -> None:
        self._account = account
        self._journal = journal
        self._open: dict[str, Hold] = {}

    async def lend(self, budget: Budget) -> Lease | Shortfall:
        """Holds the slice and hands it out, or says why it is not to be had.

        Every resource that the account limits must be limited in the slice.

        Raises:
            BudgetError: the slice leaves a limited resource open.
        """
        slice = Amount(budget.limits)
        missing = [r for r in self._account.limited() if r not in budget.limits]
        if missing:
            raise BudgetError(f"a lease must limit what its lender limits: add {missing[0]}=…")
        hold = await self._account.hold(slice, soft=tuple(slice))
        if isinstance(hold, Shortfall):
            return hold
        lease = Lease(uuid.uuid4().hex[:12], budget)
        try:
            self._write("hold", lease, usd=slice.usd, budget=str(budget))
            await self._journal.durable()
        except BaseException:
            self._account.release(hold)
            raise
        self._open[lease.id] = hold
        return lease

    def take_back(self, lease: Lease, spent: Amount) -> None:
        """Books what the borrower spent and frees the rest of its slice.

        Raises:
            UsageError: a quantity is below 0.
        """
        checked(spent)
        hold = self._open.pop(lease.id)
        within = Amount({r: q for r, q in spent.items() if r in hold.amount})
        self._write("settle", lease, usd=spent.usd, spent=dict(spent))
        self._account.settle(hold, within)

    def _write(self, kind: Any, lease: Lease, **body: Any) -> None:
        body = {"hold": f"lease:{lease.id}", "call": "lease", "name": lease.id, **body}
        self._journal.append(Event("", 0, kind, body=body))
