"""How many tasks a comparison needs to see a difference, and which difference so many can see."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, sqrt
from statistics import NormalDist

from .student import quantile

_NORMAL = NormalDist()
_LIMIT = 10**12


def tasks_needed(variance: float, delta: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Returns the least number of tasks that shows a mean difference as often as wanted.

    n >= ((t(1 - alpha/2) + t(power)) sd / delta)^2 with Student's t on n - 1 degrees of freedom,
    which adds the two or three tasks that the normal formula forgets.

    Args:
        variance: of the difference on one task.
        delta: the difference that must not be missed, in the units of the values; not zero.
        alpha: chance, two-sided, of claiming a difference where there is none.
        power: chance of seeing the difference where there is one.

    Raises:
        ValueError: an argument is out of its range.
    """
    if delta == 0 or variance < 0:
        raise ValueError(f"a difference of {delta} at a variance of {variance}")
    _check(alpha, power)
    wanted = variance / delta**2
    if _reach(_normal, alpha, power) ** 2 * wanted > _LIMIT:
        raise ValueError(f"a difference of {delta} needs more than {_LIMIT:,} tasks")
    low = max(2, ceil(_reach(_normal, alpha, power) ** 2 * wanted))
    while _squared(low, alpha, power) * wanted > low:
        low = max(low + 1, ceil(_squared(low, alpha, power) * wanted * 0.999))
    while low > 2 and _squared(low - 1, alpha, power) * wanted <= low - 1:
        low -= 1
    return low


def detectable(variance: float, tasks: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Returns the least mean difference that so many tasks show as often as wanted.

    Raises:
        ValueError: fewer than two tasks, or an argument is out of its range.
    """
    if tasks < 2 or variance < 0:
        raise ValueError(f"{tasks} tasks at a variance of {variance}")
    _check(alpha, power)
    return sqrt(_squared(tasks, alpha, power) * variance / tasks)


def _squared(tasks: int, alpha: float, power: float) -> float:
    return _reach(lambda share: quantile(share, tasks - 1), alpha, power) ** 2


def _reach(at: Callable[[float], float], alpha: float, power: float) -> float:
    return at(1 - alpha / 2) + at(power)


def _normal(share: float) -> float:
    return _NORMAL.inv_cdf(share)


def _check(alpha: float, power: float) -> None:
    if not 0 < alpha < 1 or not alpha < power < 1:
        raise ValueError(f"alpha {alpha} and power {power}: 0 < alpha < power < 1 is needed")
