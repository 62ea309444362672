"""How figures are written in reports: short, never wrapped, never rounded to a false certainty."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import floor, isinf, log10

from ..statistics import Estimate

NONE = "–"
"""Stands where there is no figure."""

_MINUS = "−"
_NOTHING = 5e-13


def decimals(amounts: Iterable[float]) -> int:
    """Returns how many decimals show all USD amounts of a table, so that their points align.

    Three significant digits of the largest, two of the smallest, from cents to micro-dollars and
    no more than six digits in all.
    """
    sizes = [abs(amount) for amount in amounts if abs(amount) > _NOTHING and not isinf(amount)]
    if not sizes:
        return 2
    largest = _exponent(max(sizes))
    wanted = max(2 - largest, 1 - _exponent(min(sizes)))
    return max(2, min(wanted, 6, 5 - largest))


def aligned_usd(value: float, places: int) -> str:
    """Returns `$0.0041` with as many decimals as told; `$0`; `∞`; `<$0.01` for what is less."""
    if isinf(value):
        return "∞"
    if abs(value) <= _NOTHING:
        return "$0"
    if value < 0.5 * 10**-places:
        return f"<${10**-places:.{places}f}"
    return f"${value:,.{places}f}"


def usd(value: float) -> str:
    """Returns `$0.0041`, `−$0.00012` or `$1,204.50`: cents, and below $1 two digits."""
    if abs(value) <= _NOTHING:
        return "$0"
    places = max(2, 1 - _exponent(value))
    return f"{_MINUS if value < 0 else ''}${abs(value):,.{places}f}"


def signed_usd(value: float) -> str:
    return f"+{usd(value)}" if value > _NOTHING else usd(value)


def percent(share: float) -> str:
    """Returns `71.3 %`; only all is written 100.0 % and only none 0.0 %."""
    return f"{_tenths(share)} %"


def points(share: float) -> str:
    """Returns a difference of shares in points of success: `+8.3`; only none is `0.0`."""
    value = 100 * share
    if abs(value) <= _NOTHING:
        return "0.0"
    text = f"{value:+.1f}" if abs(value) >= 0.05 else f"{value:+.1g}"
    return text.replace("-", _MINUS)


def odds(share: float) -> str:
    """Returns `71 %`; what resampling never or always showed is `< 0.1 %` or `> 99.9 %`."""
    if share < 0.001:
        return "< 0.1 %"
    if share > 0.999:
        return "> 99.9 %"
    return f"{100 * share:.0f} %" if 0.01 <= share <= 0.99 else f"{100 * share:.1f} %"


def p_value(p: float) -> str:
    """Returns `0.031`; `< 0.001` for what is less."""
    return "< 0.001" if p < 0.001 else f"{p:.2g}" if p < 0.995 else "1"


def count(number: int, unit: str) -> str:
    """Returns `1 task` or `2 tasks`."""
    return f"{number:,} {unit if number == 1 else f'{unit}s'}"


def quantity(value: float) -> str:
    """Returns `1,204`, `42.5` or `0.31`."""
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def times(value: float | None) -> str:
    return NONE if value is None else f"{value:,.2f} ×"


def percent_interval(estimate: Estimate) -> str:
    return _interval(estimate, _tenths, "–")


def usd_interval(estimate: Estimate, places: int) -> str:
    """Returns `0.0039–0.0044`, in USD; empty where the interval is unknown."""
    return _interval(estimate, lambda value: aligned_usd(value, places).replace("$", ""), "–")


def points_interval(estimate: Estimate) -> str:
    return _interval(estimate, points, " to ")


def signed_usd_interval(estimate: Estimate) -> str:
    return _interval(estimate, signed_usd, " to ")


def _exponent(value: float) -> int:
    """Returns the power of ten of the value once rounded to two digits."""
    return floor(log10(float(f"{abs(value):.1e}")))


def _tenths(share: float) -> str:
    value = round(100 * share, 1)
    if value >= 100 and share < 1:
        value = 99.9
    if value <= 0 and share > 0:
        value = 0.1
    return f"{value:.1f}"


def _interval(estimate: Estimate, write: Callable[[float], str], dash: str) -> str:
    if estimate.interval is None:
        return ""
    return f"{write(estimate.interval.low)}{dash}{write(estimate.interval.high)}"
