"""Student's t distribution, to about twelve digits."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log

_TINY = 1e-300
_STEPS = 500
_CLOSE = 1e-15


def cdf(t: float, degrees: float) -> float:
    """Returns the chance of a value up to `t` on so many degrees of freedom."""
    if degrees <= 0:
        raise ValueError(f"{degrees} degrees of freedom")
    tail = _beta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2
    return 1 - tail if t > 0 else tail


@lru_cache(maxsize=1_024)
def quantile(share: float, degrees: float) -> float:
    """Returns the value below which the share lies, 0 < share < 1."""
    if not 0 < share < 1:
        raise ValueError(f"share {share}")
    if share < 0.5:
        return -quantile(1 - share, degrees)
    low, high = 0.0, 1.0
    while cdf(high, degrees) < share:
        low, high = high, 2 * high
    while high - low > 1e-13 * max(1.0, high):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if cdf(middle, degrees) < share else (low, middle)
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """Returns the regularised incomplete beta function by its continued fraction (Lentz)."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    product = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for factor in (even, odd):
            d = 1 + factor * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + factor / c
            c = c if abs(c) > _TINY else _TINY
            product *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return front * product
