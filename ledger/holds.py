"""What an account answers: a hold, a shortfall, and the overruns that a bill may show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from .amount import Amount, Quantity

if TYPE_CHECKING:
    from .account import Account

Room = Callable[[str], Quantity | None]
"""What a hold may take of a resource; None where nobody limits it."""
Size = Callable[[Room], Amount]
"""From the room there is to what a call asks for. It may ask for more than there is room for:
then there is no hold, and the shortfall is told of what it asked for."""


@dataclass(frozen=True, kw_only=True)
class Shortfall:
    """Why a hold cannot be taken."""

    account: str
    resource: str
    limit: Quantity | float = 0
    spent: Quantity | float = 0
    asked: Quantity | float = 0
    blocked: bool = False
    """True if it fits once the calls and runs of others have ended: waiting may help."""

    def __str__(self) -> str:
        if self.resource == "seconds":
            return f"the deadline of {self.account} ({self.limit:g} s) has passed"
        if self.resource == "closed":
            return f"{self.account} is closed: a bill came in above its hold"
        left = self.limit - self.spent  # type: ignore[operator]
        return (
            f"{self.account} has {_show(left)} of {_show(self.limit)} {self.resource} left, "
            f"and {_show(self.asked)} would be needed"
        )


@dataclass(eq=False)
class Hold:
    """Money set aside before a call leaves. It ends in `settle` or `release`, once."""

    account: Account
    amount: Amount
    soft: Amount
    """The part that the bill may leave unspent."""
    open: bool = True


@dataclass(frozen=True)
class Overrun:
    """A bill above its hold, in a resource that somebody limits."""

    resource: str
    held: Quantity
    billed: Quantity


def _show(quantity: Quantity | float) -> str:
    return f"{quantity:f}" if isinstance(quantity, Decimal) else f"{quantity}"
