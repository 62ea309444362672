"""How many rollouts each task gets of a sum of money: more where a gradient is likelier.

Knapsack RL (2509.25849), with the tasks' mean costs in place of a count of rollouts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from ...ledger.errors import UsageError

_CELLS = 2_520
"""Steps into which the money is divided (a number that much divides). Costs are rounded up to
them, so the money is never exceeded."""


@dataclass(frozen=True, kw_only=True)
class AllocationTask:
    """A task that rollouts can be spent on."""

    task: str
    solved: int
    """Earlier rollouts that succeeded, of `tried`."""
    tried: int
    cost: Decimal
    """Mean USD of a rollout."""

    @property
    def rate(self) -> float:
        """Expected share of successes: never 0 or 1, so no task is given up on few rollouts.

        The mean under Jeffreys' prior, (solved + 1/2) / (tried + 1). What the paper does at 0 and 1
        is not confirmed.
        """
        return (self.solved + 0.5) / (self.tried + 1)


def value(rollouts: int, rate: float) -> float:
    """Returns what a group is expected to teach: [1 - p^N - (1-p)^N] p (1-p)^2.

    The chance that its members differ, so that there is a gradient, times the information that it
    then brings, which is greatest at p = 1/3. No rollouts are worth nothing.
    """
    if rollouts == 0:
        return 0.0
    mixed = 1 - rate**rollouts - (1 - rate) ** rollouts
    return mixed * rate * (1 - rate) ** 2


def allocate(
    candidates: Sequence[AllocationTask], usd: Decimal, *, least: int = 2, most: int = 32
) -> dict[str, int]:
    """Returns the number of rollouts of each task: the most valuable that the money pays.

    A task gets none, or from `least` to `most`. Exact where costs are multiples of
    a 2,520th of the money.

    Raises:
        UsageError: a cost is not positive, or a limit makes no sense.
    """
    if not 1 <= least <= most:
        raise UsageError(f"a group of {least} to {most} rollouts makes no sense")
    best = [0.0] * (_CELLS + 1)
    taken: list[list[int]] = []
    for candidate in candidates:
        if candidate.cost <= 0:
            raise UsageError(
                f"task {candidate.task!r} has the mean cost {candidate.cost}: give a positive one"
            )
        best, counts = _with(candidate, best, _offers(candidate, usd, least, most))
        taken.append(counts)
    return _chosen(candidates, usd, taken)


def _offers(
    candidate: AllocationTask, usd: Decimal, least: int, most: int
) -> list[tuple[int, int]]:
    """Returns (rollouts, cells of money) of each affordable choice but that of none."""
    offers = ((count, _cells(candidate, count, usd)) for count in range(least, most + 1))
    return [(count, cells) for count, cells in offers if cells <= _CELLS]


def _cells(candidate: AllocationTask, count: int, usd: Decimal) -> int:
    if usd <= 0:
        return _CELLS + 1
    share = candidate.cost * count * _CELLS / usd
    return int(share.to_integral_value(rounding=ROUND_CEILING))


def _with(
    candidate: AllocationTask, best: list[float], offers: list[tuple[int, int]]
) -> tuple[list[float], list[int]]:
    """Returns the greatest values by money with one more task, and its rollouts in each."""
    reached = list(best)
    counts = [0] * len(best)
    for count, cells in offers:
        worth = value(count, candidate.rate)
        for money in range(cells, len(best)):
            if best[money - cells] + worth > reached[money]:
                reached[money], counts[money] = best[money - cells] + worth, count
    return reached, counts


def _chosen(
    candidates: Sequence[AllocationTask], usd: Decimal, taken: list[list[int]]
) -> dict[str, int]:
    money = _CELLS
    found: dict[str, int] = {}
    for candidate, counts in zip(reversed(candidates), reversed(taken), strict=True):
        count = counts[money]
        found[candidate.task] = count
        money -= _cells(candidate, count, usd) if count else 0
    return {candidate.task: found[candidate.task] for candidate in candidates}
