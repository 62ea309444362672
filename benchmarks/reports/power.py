"""How many tasks and repeats a difference of success needs, and what they cost, from a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, variance

from ..results import ResultRow, Setup
from ..statistics import VarianceComponents, components, detectable, task_means, tasks_needed

REPEATS = (1, 2, 3, 5)
"""Repeats of each task for which sizes are told."""


@dataclass(frozen=True, kw_only=True)
class PowerTarget:
    """What the next experiment should be able to see."""

    delta: float
    """Difference of the shares of success, from 0 to 1."""
    power: float = 0.8
    """Chance of seeing it if it is there."""
    alpha: float = 0.05
    """Chance, two-sided, of seeing one that is not there; shared by all comparisons."""


@dataclass(frozen=True, kw_only=True)
class SampleSize:
    """One experiment that fulfils the wish."""

    repeats: int
    tasks: int
    runs: int
    """Of both set-ups together."""
    usd: float
    """What they cost at the log's mean cost per run."""


@dataclass(frozen=True, kw_only=True)
class PowerSummary:
    """What a log says of two set-ups; of one against an imagined twin on other tasks."""

    base: Setup
    other: Setup | None
    """None where the log has a single set-up."""
    tasks: int
    """In the log, of both."""
    icc: float | None
    """Share of a run's variance that the repeats of a task have in common, the mean of both
    set-ups; None if no task was repeated."""
    sizes: tuple[SampleSize, ...]
    """By repeats; one entry only where the log repeated no task."""
    unpaired: int
    """Tasks of each set-up, run once, if they met different ones."""
    sees: float
    """The least difference that a comparison like that of the log sees as often as wished."""

    @property
    def cheapest(self) -> SampleSize:
        return min(self.sizes, key=lambda size: size.usd)


@dataclass(frozen=True, kw_only=True)
class _Spread:
    """The variance of the difference on one task."""

    seen: float
    """With as many repeats as the log has."""
    by_repeats: Mapping[int, float]
    unpaired: float
    """Of a difference between two tasks, each run once."""
    icc: float | None


def plan_sizes(rows: Sequence[ResultRow], wish: PowerTarget) -> list[PowerSummary]:
    """Returns a summary of each other set-up against the first, or of the only one.

    Set-ups are left out that finished fewer than two tasks in common with the first one.

    Raises:
        ValueError: the wish is out of its range.
    """
    groups: dict[Setup, list[ResultRow]] = {}
    for row in rows:
        if row.finished:
            groups.setdefault(row.setup, []).append(row)
    (base, *others) = groups or (None,)
    if base is None:
        return []
    shared = replace(wish, alpha=wish.alpha / max(1, len(others)))
    rivals: list[Setup | None] = [*others] or [None]
    found = [_summary(base, groups[base], rival, groups[rival or base], shared) for rival in rivals]
    return [summary for summary in found if summary is not None]


def _summary(
    base: Setup,
    base_rows: Sequence[ResultRow],
    other: Setup | None,
    rows: Sequence[ResultRow],
    wish: PowerTarget,
) -> PowerSummary | None:
    ours, theirs = _by_task(base_rows), _by_task(rows)
    common = sorted(ours.keys() & theirs.keys())
    if len(common) < 2:
        return None
    arms = [ours[task] for task in common], [theirs[task] for task in common]
    spread = _alone(arms[0]) if other is None else _paired(*arms)
    cost = _cost(base_rows) + _cost(rows)

    def needed(spread: float) -> int:
        return tasks_needed(spread, wish.delta, alpha=wish.alpha, power=wish.power)

    sizes = []
    for repeats, variance_then in spread.by_repeats.items():
        tasks = needed(variance_then)
        usd = tasks * repeats * cost
        sizes.append(SampleSize(repeats=repeats, tasks=tasks, runs=2 * tasks * repeats, usd=usd))
    return PowerSummary(
        base=base,
        other=other,
        tasks=len(common),
        icc=spread.icc,
        sizes=tuple(sizes),
        unpaired=needed(spread.unpaired),
        sees=detectable(spread.seen, len(common), alpha=wish.alpha, power=wish.power),
    )


def _alone(arm: Sequence[Sequence[float]]) -> _Spread:
    """Returns the spread against a twin on other tasks: pairing would only narrow it."""
    parts = components(arm)
    if parts.between + (parts.within or 0.0) <= 0:
        parts = components([*arm, [0.0], [1.0]])
    known = {repeats: parts.of_task_mean(repeats) for repeats in REPEATS}
    by_repeats = {repeats: 2 * each for repeats, each in known.items() if each is not None}
    noise = (parts.within or 0.0) * fmean(1 / len(runs) for runs in arm)
    return _Spread(
        seen=2 * (parts.between + noise),
        by_repeats=by_repeats,
        unpaired=by_repeats[1],
        icc=parts.icc,
    )


def _paired(ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> _Spread:
    """Returns the spread of the difference on the same tasks.

    What repeats that differ explain of the variance seen is taken off and given back by the
    number of repeats; the rest stays however often a task is repeated. Where all tasks show the
    same difference, two imagined ones, one won by each side, keep it from vanishing.
    """
    gaps = [fmean(b) - fmean(a) for a, b in zip(ours, theirs, strict=True)]
    parts = [components(arm) for arm in (ours, theirs)]
    unpaired = sum(part.of_task_mean(1) or 0.0 for part in parts)
    icc = _mean_icc(parts)
    seen = variance(gaps)
    if seen <= 0:
        seen = variance([*gaps, 1.0, -1.0])
        return _Spread(seen=seen, by_repeats={1: seen}, unpaired=max(unpaired, seen), icc=icc)
    within = [part.within for part in parts if part.within is not None]
    if not within:
        return _Spread(seen=seen, by_repeats={1: seen}, unpaired=unpaired, icc=icc)
    run = fmean(within)
    noise = run * sum(fmean(1 / len(runs) for runs in arm) for arm in (ours, theirs))
    lasting = max(0.0, seen - noise)
    by_repeats = {repeats: lasting + 2 * run / repeats for repeats in REPEATS}
    return _Spread(seen=seen, by_repeats=by_repeats, unpaired=unpaired, icc=icc)


def _mean_icc(parts: Sequence[VarianceComponents]) -> float | None:
    known = [part.icc for part in parts if part.icc is not None]
    return fmean(known) if known else None


def _by_task(rows: Sequence[ResultRow]) -> dict[str, list[float]]:
    runs: dict[str, list[float]] = {}
    for row in rows:
        runs.setdefault(row.task, []).append(float(row.success))
    return runs


def _cost(rows: Sequence[ResultRow]) -> float:
    """Returns the mean USD per run, each task counted the same."""
    return fmean(task_means((row.task, float(row.cost_usd)) for row in rows).values())
