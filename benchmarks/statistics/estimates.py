"""Estimates from repeated runs of the same tasks, with intervals that know what a repeat is.

The task is the unit: three runs of one task say less than one run of each of three tasks. So every
estimate is made of one number per task, the mean of its repeats (`task_means`), each task counts
the same however often it was run, and intervals come from the spread between tasks.

Shares use the Wilson interval with an effective number of trials, which stays honest at 0 % and
100 %, where a bootstrap collapses to a point. All else uses the bootstrap over tasks, with tails
widened for few tasks (Hesterberg 2015, doi 10.1080/00031305.2015.1089789).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor, fsum, inf, sqrt
from statistics import NormalDist, fmean, pvariance

RESAMPLES = 2_000
SEED = 20_250_418

_ZERO = 1e-12
"""What is nearer to zero is rounding of the arithmetic."""

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Interval:
    """Where the true value plausibly lies; `high` may be infinite."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """A value for the population that the tasks were drawn from."""

    value: float
    interval: Interval | None
    """None where a single task leaves it unknown."""
    tasks: int

    @property
    def sign(self) -> int:
        """1 if the whole interval is above zero, -1 if below, 0 if that cannot be told."""
        if self.interval is None:
            return 0
        return (self.interval.low > _ZERO) - (self.interval.high < -_ZERO)


def task_means(results: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Returns the mean per task of (task, value) pairs, in the order of the tasks' names."""
    values: dict[str, list[float]] = {}
    for task, value in results:
        values.setdefault(task, []).append(value)
    return {task: fmean(values[task]) for task in sorted(values)}


def wilson(successes: float, trials: float, level: float = 0.95) -> Interval:
    """Returns the Wilson score interval of a share; [0, 1] without trials.

    Both counts may be fractional, as effective numbers are.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    if trials == 0:
        return Interval(0.0, 1.0)
    z = _NORMAL.inv_cdf((1 + level) / 2)
    share = successes / trials
    weight = z * z / trials
    centre = share + weight / 2
    reach = z * sqrt((share * (1 - share) + weight / 4) / trials)
    low = (centre - reach) / (1 + weight)
    high = (centre + reach) / (1 + weight)
    return Interval(min(max(0.0, low), share), max(min(1.0, high), share))


def success_rate(results: Iterable[tuple[str, float]], level: float = 0.95) -> Estimate:
    """Returns the share of success of (task, 0 to 1) pairs, at least one.

    The interval is Wilson's with as many trials as independent ones would need for the spread
    that the tasks show: from the number of tasks (repeats add nothing) to that of runs (repeats
    are as good as new tasks). With one run a task it is the plain one. A single task, and runs
    that all agree, cannot show the spread: then each task is one trial.
    """
    pairs = list(results)
    means = list(task_means(pairs).values())
    share = fmean(means)
    binomial = share * (1 - share)
    between = pvariance(means)
    if binomial <= 0 or len(means) == 1:
        trials = float(len(means))
    elif between * len(pairs) <= binomial * len(means):
        trials = float(len(pairs))
    else:
        trials = binomial / between * len(means)
    return Estimate(share, wilson(min(share * trials, trials), trials, level), len(means))


def mean(
    values: Mapping[str, float], level: float = 0.95, *, resamples: int = RESAMPLES
) -> Estimate:
    """Returns the mean over tasks, at least one, with its bootstrap interval."""
    return bootstrap([values], lambda sums: sums[0] / len(values), level, resamples=resamples)


def cost_of_pass(
    costs: Mapping[str, float],
    results: Sequence[tuple[str, float]],
    level: float = 0.95,
    *,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Returns what one success costs: mean cost by share of success (Erol et al. 2025).

    It is infinite if nothing passed. Where all tasks agree, so that resampling cannot show how
    often they fail, the interval divides the ends of the cost by the opposite ends of the share.

    Args:
        costs: mean cost per task.
        results: (task, 0 to 1) pairs of the same tasks.
    """
    shares = task_means(results)
    if shares.keys() != costs.keys():
        raise ValueError("costs and results are of different tasks")
    if not _agree(shares):
        return bootstrap(
            [costs, shares], lambda sums: _ratio(sums[0], sums[1]), level, resamples=resamples
        )
    cost, share = mean(costs, level, resamples=resamples), success_rate(results, level)
    interval = None
    if cost.interval and share.interval:
        interval = Interval(
            _ratio(cost.interval.low, share.interval.high),
            _ratio(cost.interval.high, share.interval.low),
        )
    return Estimate(_ratio(cost.value, share.value), interval, cost.tasks)


def difference(
    base: Mapping[str, float],
    other: Mapping[str, float],
    level: float = 0.95,
    *,
    shares: bool = False,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Returns the mean of `other` - `base` over the tasks that both have, at least one.

    Args:
        shares: the values are shares of success. Where every task then shows the same difference,
            two imagined tasks, one won by each side, keep the interval from collapsing.
    """
    gaps = {task: other[task] - base[task] for task in base.keys() & other.keys()}
    estimate = mean(gaps, level, resamples=resamples)
    if not shares or not _agree(gaps):
        return estimate
    imagined = {str(place): gap for place, gap in enumerate([*gaps.values(), 1.0, -1.0])}
    wide = mean(imagined, level, resamples=resamples)
    return Estimate(estimate.value, _around(estimate.value, wide.interval), len(gaps))


def bootstrap(
    columns: Sequence[Mapping[str, float]],
    statistic: Callable[[Sequence[float]], float],
    level: float = 0.95,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Estimate:
    """Returns a statistic with its interval from resampling whole tasks with replacement.

    Args:
        columns: numbers per task; all over the same tasks, at least one.
        statistic: is given the sum of each column over the tasks drawn; may return infinity.
    """
    tasks = sorted(columns[0])
    if not tasks:
        raise ValueError("no tasks to estimate from")
    data = [[column[task] for task in tasks] for column in columns]
    value = statistic([fsum(column) for column in data])
    if len(tasks) < 2:
        return Estimate(value, None, len(tasks))
    lookups = [column.__getitem__ for column in data]
    spread = sorted(
        statistic([sum(map(lookup, draw)) for lookup in lookups])
        for draw in draws(len(tasks), resamples, seed)
    )
    cut = floor(_tail(len(tasks), level) * resamples)
    interval = Interval(spread[cut], spread[-1 - cut])
    return Estimate(value, _around(value, interval), len(tasks))


@lru_cache(maxsize=2)
def draws(tasks: int, resamples: int, seed: int) -> list[list[int]]:
    """Returns so many resamples of places of tasks; the same for the same numbers."""
    choices = random.Random(seed).choices
    indices = list(range(tasks))
    return [choices(indices, k=tasks) for _ in range(resamples)]


def _tail(tasks: int, level: float) -> float:
    """Returns the share of resamples to cut at each end: fewer for few tasks.

    A bootstrap of n tasks is narrow by sqrt((n - 1) / n) and takes the spread as known; Student's
    t (Cornish-Fisher expansion) on n - 1 degrees of freedom undoes both.
    """
    z, df = _NORMAL.inv_cdf((1 + level) / 2), tasks - 1
    student = (
        z
        + (z**3 + z) / (4 * df)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * df**3)
    )
    return _NORMAL.cdf(-student * sqrt(tasks / df))


def _around(value: float, interval: Interval | None) -> Interval | None:
    return interval and Interval(min(interval.low, value), max(interval.high, value))


def _ratio(cost: float, share: float) -> float:
    return cost / share if share > 0 else inf


def _agree(values: Mapping[str, float]) -> bool:
    return max(values.values()) - min(values.values()) < _ZERO
