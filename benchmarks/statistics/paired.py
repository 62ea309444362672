"""Tests of two set-ups that met the same tasks: is the difference more than luck?"""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from math import comb, fsum, lcm
from typing import Literal

from .estimates import SEED

DRAWS = 9_999
"""Random sign flips where they cannot all be counted; the least p-value is 1 / (`DRAWS` + 1)."""

_FINEST = 1_000
"""Differences are counted exactly if they are multiples of a fraction no finer than this."""
_LONGEST = 20_000
_ROUNDING = 1e-9


def sign_flip(gaps: Sequence[float], side: Literal["greater", "both"] = "both") -> float:
    """Returns the p-value of the paired permutation test over tasks.

    If the two set-ups were alike, each task's difference could as well have the other sign. The
    p-value is the share of all 2^n choices of signs that give a mean as large as the one seen.
    Differences of shares, which are multiples of a common fraction, are counted exactly however
    many tasks there are (Pagano & Tritchler 1983, doi 10.1080/01621459.1983.10477990); others by
    `DRAWS` random choices with the one seen counted in, always with the same seed.

    Args:
        gaps: the difference on each task.
        side: `greater` asks whether the mean is above zero, `both` whether it is not zero.
    """
    moved = [gap for gap in gaps if abs(gap) > _ROUNDING]
    if not moved:
        return 1.0
    steps = _whole(moved)
    return _drawn(moved, side) if steps is None else _counted(steps, side)


def mcnemar(only_base: int, only_other: int, *, mid_p: bool = False) -> float:
    """Returns the two-sided p-value that two set-ups solve equally many tasks.

    Exact, from the tasks that only one of them solved; `mid_p` counts the outcome seen by half,
    which is closer to the level told (Fagerland et al. 2013, doi 10.1186/1471-2288-13-91).

    Raises:
        ValueError: a count is negative.
    """
    if min(only_base, only_other) < 0:
        raise ValueError(f"{only_base} and {only_other} tasks")
    trials, fewer = only_base + only_other, min(only_base, only_other)
    twice = 2 * sum(comb(trials, count) for count in range(fewer + 1))
    if mid_p:
        twice -= comb(trials, fewer)
    return min(1.0, twice / (1 << trials))


def _whole(gaps: Sequence[float]) -> list[int] | None:
    """Returns the gaps in units of their common fraction, or None if there is no coarse one."""
    fractions = [Fraction(gap).limit_denominator(_FINEST) for gap in gaps]
    if any(abs(f - Fraction(gap)) > _ROUNDING for f, gap in zip(fractions, gaps, strict=True)):
        return None
    unit = lcm(*(fraction.denominator for fraction in fractions))
    steps = [int(fraction * unit) for fraction in fractions]
    return steps if sum(map(abs, steps)) <= _LONGEST else None


def _counted(steps: Sequence[int], side: Literal["greater", "both"]) -> float:
    """Counts the choices of signs whose sum is as far out as that of the steps.

    The number of subsets of the sizes with sum s is the coefficient of x^s in the product of
    (1 + x^size); the polynomial is one large integer with a fixed number of bits a coefficient.
    """
    width = (len(steps) + 8) // 8
    polynomial = 1
    for step in steps:
        polynomial += polynomial << (8 * width * abs(step))
    whole = sum(map(abs, steps))
    data = polynomial.to_bytes(width * (whole + 1), "little")
    ways = [int.from_bytes(data[i : i + width], "little") for i in range(0, len(data), width)]
    seen = sum(steps)
    sums = range(-whole, whole + 1, 2)
    if side == "greater":
        far = sum(count for count, total in zip(ways, sums, strict=True) if total >= seen)
    else:
        far = sum(count for count, total in zip(ways, sums, strict=True) if abs(total) >= abs(seen))
    return far / (1 << len(steps))


def _drawn(gaps: Sequence[float], side: Literal["greater", "both"]) -> float:
    bits = random.Random(SEED).getrandbits
    whole, seen = fsum(map(abs, gaps)), fsum(gaps)
    sizes = [abs(gap) for gap in gaps]
    hits = 1
    for _ in range(DRAWS):
        signs = bits(len(sizes))
        total = 2 * sum(size for place, size in enumerate(sizes) if signs >> place & 1) - whole
        far = total if side == "greater" else abs(total)
        hits += far >= (seen if side == "greater" else abs(seen)) - _ROUNDING * whole
    return hits / (DRAWS + 1)
