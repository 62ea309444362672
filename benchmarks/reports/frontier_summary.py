"""Which set-ups are worth having together, and how far their repeats can be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ..results import ResultRow, Setup
from ..statistics import (
    Estimate,
    frontier,
    frontier_cost,
    frontier_odds,
    pass_all_k,
    pass_at_k,
    success_rate,
    task_means,
)


@dataclass(frozen=True, kw_only=True)
class FrontierPlace:
    """One set-up among the others."""

    setup: Setup
    is_on: bool
    """No other one gives at least as much success for at most as much money."""
    odds: float
    """Share of resamples of the tasks in which it is on the frontier."""
    cheapest_on: int
    """Tasks on which no other set-up has a lower cost of pass; shared places count."""


@dataclass(frozen=True, kw_only=True)
class FrontierSummary:
    """All set-ups on the tasks that every one of them ran."""

    places: tuple[FrontierPlace, ...]
    tasks: int
    unsolved: int
    """Tasks that no set-up solved."""
    cost: Estimate | None
    """USD per success with the cheapest set-up for each solved task; None if none was solved."""
    by_task: Mapping[str, float]
    """The same by task; infinite where nothing passed."""
    cheapest: Mapping[str, tuple[Setup, ...]]
    """The set-ups that reach it, by task."""


@dataclass(frozen=True, kw_only=True)
class RepeatsSummary:
    """What one set-up makes of several tries at a task."""

    setup: Setup
    k: int
    """Tries, as many as every task had."""
    any_passes: Estimate
    """pass@k: at least one of the tries passes."""
    all_pass: Estimate
    """pass^k: every one of them does."""


def place_setups(groups: Mapping[Setup, Sequence[ResultRow]]) -> FrontierSummary | None:
    """Returns where set-ups stand by their finished runs; None for fewer than two.

    None also where there is no task that all of them ran.
    """
    if len(groups) < 2 or not all(groups.values()):
        return None
    common = sorted(set.intersection(*({row.task for row in rows} for rows in groups.values())))
    if not common:
        return None
    costs = [_on(common, rows, "cost_usd") for rows in groups.values()]
    shares = [_on(common, rows, "success") for rows in groups.values()]
    found = frontier_cost(costs, shares)
    is_on = frontier(*([round(sum(row.values()), 9) for row in table] for table in (costs, shares)))
    odds = frontier_odds(costs, shares)
    setups = list(groups)
    cheapest = {task: tuple(setups[i] for i in places) for task, places in found.cheapest.items()}
    return FrontierSummary(
        places=tuple(
            FrontierPlace(
                setup=setup,
                is_on=is_on[place],
                odds=odds[place],
                cheapest_on=sum(setup in best for best in cheapest.values()),
            )
            for place, setup in enumerate(setups)
        ),
        tasks=len(common),
        unsolved=found.unsolved,
        cost=found.mean,
        by_task=found.by_task,
        cheapest=cheapest,
    )


def repeat_tries(setup: Setup, rows: Sequence[ResultRow], level: float) -> RepeatsSummary | None:
    """Returns pass@k and pass^k of finished runs; None where a task was run only once."""
    runs: dict[str, list[bool]] = {}
    for row in rows:
        runs.setdefault(row.task, []).append(row.success)
    k = min(map(len, runs.values()), default=0)
    if k < 2:
        return None

    def estimate(of: partial[float]) -> Estimate:
        pairs = [(task, of(len(tries), sum(tries))) for task, tries in sorted(runs.items())]
        return success_rate(pairs, level)

    return RepeatsSummary(
        setup=setup,
        k=k,
        any_passes=estimate(partial(pass_at_k, k=k)),
        all_pass=estimate(partial(pass_all_k, k=k)),
    )


def _on(tasks: Sequence[str], rows: Sequence[ResultRow], field: str) -> dict[str, float]:
    means = task_means((row.task, float(getattr(row, field))) for row in rows)
    return {task: means[task] for task in tasks}
