"""When compaction pays: what it saves over the steps to come, against what it costs.

Everything in a prompt is read again at every step, at the price of a cache read. Compaction has
the context read once more and a summary written, and the summary is new to the provider's cache.

It has to save more than it costs, and it has to be due: a moment too early is a summary more than
needed. It is due once what was paid for carrying the old part along has reached what a compaction
costs whatever its size. With a steady growth that is the interval of least cost (Harris 1913, the
economic order quantity), and without any forecast at most twice the least (ski rental).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ..ledger.prices.model_prices import ModelPrice
from ..ledger.token_bounds import byte_bound
from ..ledger.usage import Usage
from .trajectory import Trajectory

GUESSED = 0.25
"""Billed tokens for each byte of text, before a bill tells: that of English."""


@dataclass(frozen=True, kw_only=True)
class CompactionEstimate:
    """What is known when it is to be decided whether to compact. Tokens are estimates of bills."""

    context: int
    """Tokens of the prompt."""
    replaced: int
    """Tokens of the prompt that a summary would stand for."""
    summary: int
    """Tokens that the summary is expected to have."""
    carried: int
    """Tokens of the replaced part over all prompts since the last summary."""
    steps: int
    """Policy calls that are expected to come."""

    @property
    def _new(self) -> int:
        """Tokens of the prompt after it."""
        return self.context - self.replaced + self.summary

    def saving(self, price: ModelPrice) -> Decimal:
        """Returns the expected USD saved by compacting now, less what it costs.

        It is negative where compaction does not pay.
        """
        written = price.cost(Usage(cache_read=self.context, output=self.summary))
        shorter = price.cost(Usage(cache_read=max(self.replaced - self.summary, 0)))
        return self.steps * shorter - written - self._missed(price)

    def is_due(self, price: ModelPrice) -> bool:
        """Says whether carrying the old part along has cost what every compaction costs."""
        kept = self.context - self.replaced
        fixed = price.cost(Usage(cache_read=kept, output=self.summary)) + self._missed(price)
        return price.cost(Usage(cache_read=self.carried)) >= fixed

    def _missed(self, price: ModelPrice) -> Decimal:
        """Returns what the new beginning of the prompt costs above a cache read."""
        first = max(price.cost(Usage(input=self._new)), price.cost(Usage(cache_write=self._new)))
        return max(first - price.cost(Usage(cache_read=self._new)), Decimal(0))


def realised(trajectory: Trajectory, price: ModelPrice) -> Decimal:
    """Returns the USD that the summaries so far have saved, less what they have cost."""
    saved = Decimal(0)
    for edit in trajectory.edits:
        saved -= edit.usd
        if edit.text:
            since = trajectory.messages[edit.upto :]
            calls = sum(message.role == "assistant" for message in since) - 1
            shorter = round((edit.replaced - byte_bound(edit.text)) * edit.billed)
            saved += calls * price.cost(Usage(cache_read=max(shorter, 0)))
    return saved


def expected_steps(taken: int, horizon: int | None) -> int:
    """Returns how many steps are to come, as far as can be told.

    Args:
        taken: steps so far.
        horizon: steps that such a task takes in all, where that is known. Where it is not, as many
            are expected as were taken (Lindy's law).
    """
    return taken if horizon is None else max(horizon - taken, 0)
