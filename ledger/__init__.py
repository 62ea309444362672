"""The ledger: budgets, accounts, holds, prices, and the book that they are written in."""

from __future__ import annotations

from .account import Account, Hold, Overrun, Shortfall
from .amount import Amount
from .budget import Budget, Limit
from .errors import OutlayError
from .prices.price_book import PriceBook

__all__ = [
    "Account",
    "Amount",
    "Budget",
    "Hold",
    "Limit",
    "OutlayError",
    "Overrun",
    "PriceBook",
    "Shortfall",
]
