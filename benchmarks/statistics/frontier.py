"""Which set-ups are worth having: no other gives more success for less money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, inf

from .estimates import RESAMPLES, SEED, Estimate, bootstrap, draws

PerTask = Mapping[str, float]
"""A mean over repeats by task."""


@dataclass(frozen=True, kw_only=True)
class FrontierCost:
    """What a success costs with the cheapest set-up for each task (Erol et al. 2025)."""

    by_task: Mapping[str, float]
    """USD per success by task; infinite where nothing passed and no expert is priced."""
    cheapest: Mapping[str, tuple[int, ...]]
    """Places of the set-ups that reach it, by task; none where the expert does or nothing did."""
    mean: Estimate | None
    """Mean USD over the tasks with a finite cost; None if there is none."""

    @property
    def unsolved(self) -> int:
        """Tasks that nothing passed."""
        return sum(cost == inf for cost in self.by_task.values())


def frontier(costs: Sequence[float], shares: Sequence[float]) -> list[bool]:
    """Returns of each set-up whether it is on the Pareto frontier.

    It is unless another one costs no more and succeeds no less, with one of both strictly better.
    """
    points = list(zip(costs, shares, strict=True))
    return [
        not any(
            cost <= mine and share >= own and (cost, share) != (mine, own) for cost, share in points
        )
        for mine, own in points
    ]


def frontier_odds(
    costs: Sequence[PerTask],
    shares: Sequence[PerTask],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> list[float]:
    """Returns in which share of resamples of whole tasks each set-up is on the frontier.

    Args:
        costs: mean cost per task of each set-up; all of the same tasks, at least one.
        shares: share of success per task of each set-up.

    Raises:
        ValueError: the set-ups have different tasks, or none.
    """
    tasks = _tasks(costs, shares)
    spent = [[cost[task] for task in tasks] for cost in costs]
    won = [[share[task] for task in tasks] for share in shares]
    hits = [0] * len(costs)
    for draw in draws(len(tasks), resamples, seed):
        sums = [
            [round(sum(map(row.__getitem__, draw)), 9) for row in table] for table in (spent, won)
        ]
        for place, is_on in enumerate(frontier(*sums)):
            hits[place] += is_on
    return [count / resamples for count in hits]


def frontier_cost(
    costs: Sequence[PerTask],
    shares: Sequence[PerTask],
    level: float = 0.95,
    *,
    expert: float = inf,
) -> FrontierCost:
    """Returns the frontier cost of pass: for each task, the least cost by share of success.

    The least of several noisy figures is a little too low: with few repeats a set-up that was
    lucky on a task is taken at its luck.

    Args:
        costs: mean cost in USD per task of each set-up; all of the same tasks, at least one.
        shares: share of success per task of each set-up.
        level: confidence of the interval of the mean, by bootstrap over tasks.
        expert: USD for which a person solves any task, the ceiling of each task's cost.

    Raises:
        ValueError: the set-ups have different tasks, or none.
    """
    by_task: dict[str, float] = {}
    cheapest: dict[str, tuple[int, ...]] = {}
    for task in _tasks(costs, shares):
        passes = [
            cost[task] / share[task] if share[task] > 0 else inf
            for cost, share in zip(costs, shares, strict=True)
        ]
        by_task[task] = min(expert, *passes)
        cheapest[task] = tuple(
            place
            for place, value in enumerate(passes)
            if value < inf and value <= by_task[task] * (1 + 1e-9)
        )
    solved = {task: float(cost < inf) for task, cost in by_task.items()}
    finite = {task: cost if cost < inf else 0.0 for task, cost in by_task.items()}
    average = None
    if fsum(solved.values()):
        average = bootstrap([finite, solved], _ratio, level)
    return FrontierCost(by_task=by_task, cheapest=cheapest, mean=average)


def _ratio(sums: Sequence[float]) -> float:
    return sums[0] / sums[1] if sums[1] else inf


def _tasks(costs: Sequence[PerTask], shares: Sequence[PerTask]) -> list[str]:
    tasks = {frozenset(column) for column in (*costs, *shares)}
    if len(tasks) != 1 or not (common := sorted(next(iter(tasks)))):
        raise ValueError("the set-ups have different tasks, or none")
    return common
