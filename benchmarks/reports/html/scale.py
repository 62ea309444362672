"""Axes: from values to places on a plot, with round ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

_WIDE = 30.0
"""Ratio of the largest to the smallest value from which an axis is logarithmic."""


@dataclass(frozen=True, kw_only=True)
class AxisScale:
    """Maps values between two ends to places in pixels."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Returns the place of a value; what lies beyond an end is put there."""
        inside = min(max(value, self.low), self.high)
        if self.is_log:
            share = log10(inside / self.low) / log10(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """Returns round values between the ends, about `most` of them at most."""
        if self.is_log:
            powers = range(ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9) + 1)
            return [10.0**power for power in powers][: max(most, 1)]
        step = _round_step((self.high - self.low) / most)
        first = ceil(self.low / step - 1e-9)
        last = floor(self.high / step + 1e-9)
        return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def money_scale(values: Sequence[float], start: float, end: float) -> AxisScale:
    """Returns a scale for amounts of money: from 0, or logarithmic where they differ widely."""
    positive = [value for value in values if value > 0]
    if not positive:
        return AxisScale(low=0.0, high=1.0, start=start, end=end)
    low, high = min(positive), max(positive)
    if high / low > _WIDE:
        ends = 10.0 ** floor(log10(low)), 10.0 ** ceil(log10(high))
        return AxisScale(low=ends[0], high=ends[1], start=start, end=end, is_log=True)
    return AxisScale(low=0.0, high=high * 1.08, start=start, end=end)


def _round_step(least: float) -> float:
    """Returns the least of 1, 2 and 5 times a power of ten that is no smaller."""
    power = 10.0 ** floor(log10(least))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least * (1 - 1e-9))
