"""What a run's policy is told of its budget: what is used, what is free, and what is kept back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cached_property

from ...journal.loop_versions import FREE_COUNTED
from ...journal.prompt_files import prompt_versions
from ...ledger.account import Account
from ...ledger.amount import Amount, Quantity
from ...ledger.resources import split_resource
from ...planners import BudgetLine, budget_block, old_budget_block, price_list, tells_free
from ..effects.tool_calls import ToolCalls
from .routes import RunBrief


class ToldBudget:
    """The budget of one run in words and shares.

    Args:
        account: the run's. Its own limits are told; those of its ancestors where it has none.
        tool_calls: what calls of tools cost.
        brief: by which loop the run goes, and in which versions its prompts are told.
    """

    def __init__(self, account: Account, tool_calls: ToolCalls, brief: RunBrief) -> None:
        self._account = account
        self._tool_calls = tool_calls
        self._counts_free = brief.loop >= FREE_COUNTED
        with prompt_versions(brief.prompts):
            self._tells_free = tells_free()

    def block(
        self,
        reserve: Amount,
        kept_for: Iterable[str],
        *,
        prices: bool = False,
        tokens: tuple[Decimal, Decimal] | None = None,
    ) -> str:
        """Returns the Budget Tracker's block.

        Args:
            reserve: what is kept back.
            kept_for: the purposes of the calls that it is kept back for.
            prices: whether it says what calls cost.
            tokens: USD for a million tokens, read and written, where that is known.
        """
        if not self._tells_free:
            return old_budget_block(list(self._lines(Amount())))
        told = price_list(self._least, tokens) if prices else ""
        return budget_block(list(self._lines(reserve)), kept_for, told)

    def share(self, reserve: Amount) -> float:
        """Returns the lowest share that is free of any limited resource, from 0 to 1.

        Args:
            reserve: what is kept back.
        """
        if not self._counts_free:
            return self._old_share()
        own = self._account.budget.limits
        shares = [line.share for line in self._lines(reserve) if line.resource in own]
        return float(min(shares, default=1.0))

    def _lines(self, reserve: Amount) -> Iterator[BudgetLine]:
        spent = self._account.spent
        for resource in self._account.budget.limits or self._account.limited():
            left = self._account.remaining(resource) or 0
            kept = min(reserve[resource], max(left, 0))
            free = left - kept
            yield BudgetLine(resource, spent[resource], free, kept, self._calls(resource, free))

    def _calls(self, resource: str, free: Quantity) -> int | None:
        """Returns how many calls so much of a resource pays, at the least that one costs."""
        row, tool = split_resource(resource)
        if row.call:
            return int(free)
        if row.unit != "usd":
            return None
        costs = [self._least.get(tool)] if tool else self._least.values()
        least = min(filter(None, costs), default=None)
        return None if least is None else int(free / least)

    @cached_property
    def _least(self) -> dict[str, Decimal]:
        return self._tool_calls.least_prices()

    def _old_share(self) -> float:
        shares = [
            float((self._account.remaining(resource) or 0) / limit)
            for resource, limit in self._account.budget.limits.items()
            if limit
        ]
        return max(0.0, min(shares, default=1.0))
