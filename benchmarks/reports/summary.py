"""What the rows of an experiment say: one summary a set-up, one a number of hops, comparisons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import fmean

from ..errors import are_too_many, error_counts
from ..results import ResultRow, Setup, Status
from ..spending import RunSpending, SpendingSummary, summarise_bills
from ..statistics import (
    Estimate,
    cost_of_pass,
    difference,
    mean,
    sign_flip,
    success_rate,
    task_means,
)
from .frontier_summary import FrontierSummary, RepeatsSummary, place_setups, repeat_tries

ENOUGH_TASKS = 10
"""Tasks in common below which a comparison gives no verdict."""

LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Means over tasks of the finished runs of a set-up; each task counts the same."""

    tasks: int
    runs: int
    success: Estimate
    """Share of runs with full marks."""
    cost: Estimate
    """Unified cost in USD per run."""
    cost_of_pass: Estimate
    """USD per success."""
    tokens: float
    tool_calls: float
    model_calls: float
    seconds: float


@dataclass(frozen=True)
class SetupSummary:
    """One set-up: how its runs ended, what was spent, and what came of it."""

    setup: Setup
    statuses: Mapping[Status, int]
    spent: Decimal
    """USD of all runs, the cancelled ones too."""
    refused: Mapping[str, int]
    """Calls that budgets refused, by tool, `""` for the policy; the most first."""
    measures: Measures | None
    """None if no run came to its own end."""
    errors: Mapping[str, int] = field(default_factory=dict)
    """Runs that an error ended, by what it says, the most first: they count nowhere else."""
    is_doubtful: bool = False
    """Whether errors ended so many runs that the others may be no fair choice."""


@dataclass(frozen=True)
class MetricsSummary:
    """What else the scorer measures of the answers of a set-up's finished runs."""

    setup: Setup
    means: Mapping[str, Estimate]
    """By name; each task counts the same."""


@dataclass(frozen=True, kw_only=True)
class HopsSummary:
    """The finished runs of one set-up on the tasks with one number of hops."""

    setup: Setup
    hops: int | None
    tasks: int
    success: Estimate
    cost: float
    """Mean USD per run."""
    cheapest: float | None
    """Mean USD of the cheapest path to the answer; None where a task's is not known."""
    times_cheapest: float | None
    """Cost of the successful runs by that of their cheapest paths; None without either."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two set-ups on the tasks that both ran; differences are `other` - `base`."""

    base: Setup
    other: Setup
    tasks: int
    success: Estimate
    """Difference of the shares of success, from -1 to 1."""
    cost: Estimate
    """Difference in USD per run."""
    level: float
    """Confidence of both intervals: closer to 1 where several set-ups are compared at once."""
    success_p: float
    """p-value of the paired permutation test of success, not corrected for several set-ups."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that is shown at the end of an experiment."""

    setups: tuple[SetupSummary, ...]
    hops: tuple[HopsSummary, ...]
    comparisons: tuple[Comparison, ...]
    """Every other set-up against the base, where they have tasks in common. In a grid of several
    budgets a set-up is held against the base at its own budget."""
    repeats: tuple[RepeatsSummary, ...] = ()
    """Of the set-ups that ran every task more than once."""
    frontier: FrontierSummary | None = None
    """None for a single set-up, or without a task that all of them ran."""
    bills: tuple[SpendingSummary, ...] = ()
    """Of the set-ups whose bills are known."""
    metrics: tuple[MetricsSummary, ...] = ()
    """Of the set-ups whose scorer measures more than success."""


def summarise(
    rows: Iterable[ResultRow],
    base: Setup | None = None,
    bills: Mapping[str, RunSpending] | None = None,
) -> Report:
    """Returns the report of the rows, whatever their order.

    Args:
        base: the set-up that the others are compared with; None for the first by name.
        bills: what single runs used, by run; None where only rows are at hand.
    """
    by_setup: dict[Setup, list[ResultRow]] = {}
    for row in rows:
        by_setup.setdefault(row.setup, []).append(row)
    order = sorted(by_setup, key=lambda s: (s != base, _natural(s)))
    by_setup = {setup: by_setup[setup] for setup in order}
    finished = {setup: [row for row in group if row.finished] for setup, group in by_setup.items()}
    return Report(
        setups=tuple(
            _summarise_setup(setup, group, finished[setup]) for setup, group in by_setup.items()
        ),
        hops=tuple(
            summary for setup, group in finished.items() for summary in _by_hops(setup, group)
        ),
        comparisons=_compare(finished),
        repeats=tuple(
            filter(None, (repeat_tries(setup, group, LEVEL) for setup, group in finished.items()))
        ),
        frontier=place_setups({setup: group for setup, group in finished.items() if group}),
        bills=tuple(
            filter(
                None,
                (summarise_bills(setup, rows, bills or {}) for setup, rows in finished.items()),
            )
        ),
        metrics=tuple(
            MetricsSummary(setup, means)
            for setup, group in finished.items()
            if (means := _metrics(group))
        ),
    )


def _summarise_setup(
    setup: Setup, rows: Sequence[ResultRow], finished: Sequence[ResultRow]
) -> SetupSummary:
    counts = Counter(row.status for row in rows)
    refused: Counter[str] = sum((Counter(row.refused) for row in rows), Counter())
    statuses = {status: counts[status] for status in sorted(counts)}
    spent = sum((row.cost_usd for row in rows), Decimal(0))
    return SetupSummary(
        setup,
        statuses,
        spent,
        dict(refused.most_common()),
        _measure(finished) if finished else None,
        error_counts(rows),
        are_too_many(rows),
    )


def _measure(rows: Sequence[ResultRow]) -> Measures:
    costs, results = _costs(rows), _results(rows)
    success = success_rate(results, LEVEL)
    return Measures(
        tasks=success.tasks,
        runs=len(rows),
        success=success,
        cost=mean(costs, LEVEL),
        cost_of_pass=cost_of_pass(costs, results, LEVEL),
        tokens=_mean(rows, lambda row: row.tokens),
        tool_calls=_mean(rows, lambda row: row.tool_calls),
        model_calls=_mean(rows, lambda row: row.model_calls),
        seconds=_mean(rows, lambda row: row.seconds),
    )


def _metrics(rows: Sequence[ResultRow]) -> dict[str, Estimate]:
    names = dict.fromkeys(name for row in rows for name in row.metrics)
    found = {
        name: [(row.task, row.metrics[name]) for row in rows if name in row.metrics]
        for name in names
    }
    return {name: mean(task_means(values), LEVEL) for name, values in found.items()}


def _by_hops(setup: Setup, rows: Sequence[ResultRow]) -> Iterable[HopsSummary]:
    groups: dict[int | None, list[ResultRow]] = {}
    for row in rows:
        groups.setdefault(row.hops, []).append(row)
    for hops in sorted(groups, key=lambda hops: (hops is None, hops or 0)):
        group = groups[hops]
        success = success_rate(_results(group), LEVEL)
        yield HopsSummary(
            setup=setup,
            hops=hops,
            tasks=success.tasks,
            success=success,
            cost=_mean(group, lambda row: float(row.cost_usd)),
            cheapest=_cheapest(group),
            times_cheapest=_times_cheapest(group),
        )


def _cheapest(rows: Sequence[ResultRow]) -> float | None:
    golds = [(row.task, float(row.gold_cost_usd)) for row in rows if row.gold_cost_usd is not None]
    return fmean(task_means(golds).values()) if len(golds) == len(rows) else None


def _times_cheapest(rows: Sequence[ResultRow]) -> float | None:
    solved = [row for row in rows if row.success and row.gold_cost_usd is not None]
    gold = sum((row.gold_cost_usd or Decimal(0) for row in solved), Decimal(0))
    return float(sum((row.cost_usd for row in solved), Decimal(0)) / gold) if gold else None


def _compare(groups: Mapping[Setup, Sequence[ResultRow]]) -> tuple[Comparison, ...]:
    if not groups:
        return ()
    pairs = list(_rivals(list(groups)))
    level = 1 - (1 - LEVEL) / max(1, len(pairs))
    comparisons = []
    for base, other in pairs:
        base_costs, base_shares = _costs(groups[base]), task_means(_results(groups[base]))
        costs, shares = _costs(groups[other]), task_means(_results(groups[other]))
        if not base_costs.keys() & costs.keys():
            continue
        success = difference(base_shares, shares, level, shares=True)
        cost = difference(base_costs, costs, level)
        gaps = [shares[task] - base_shares[task] for task in shares if task in base_shares]
        comparisons.append(
            Comparison(
                base=base,
                other=other,
                tasks=success.tasks,
                success=success,
                cost=cost,
                level=level,
                success_p=sign_flip(gaps),
            )
        )
    return tuple(comparisons)


def _rivals(setups: Sequence[Setup]) -> Iterable[tuple[Setup, Setup]]:
    """Yields (base, other): the first set-up, or at several budgets its like at the other's."""
    first, *others = setups
    grid = any(other[:-1] != first[:-1] for other in others)
    for other in others:
        base = first._replace(budget=other.budget) if grid else first
        if base in setups and base != other:
            yield base, other
        elif base not in setups:
            yield first, other


def _natural(setup: Setup) -> list[tuple[str, Decimal]]:
    """Returns a key that sorts set-ups by name, and numbers in them by value."""
    parts = re.split(r"(\d+(?:\.\d+)?)", "\n".join(setup))
    return [("", Decimal(part)) if n % 2 else (part, Decimal(0)) for n, part in enumerate(parts)]


def _costs(rows: Sequence[ResultRow]) -> dict[str, float]:
    return task_means((row.task, float(row.cost_usd)) for row in rows)


def _results(rows: Sequence[ResultRow]) -> list[tuple[str, float]]:
    return [(row.task, float(row.success)) for row in rows]


def _mean(rows: Sequence[ResultRow], measure: Callable[[ResultRow], float]) -> float:
    return fmean(task_means((row.task, measure(row)) for row in rows).values())
