"""`calculator`: exact arithmetic on a closed little language, safe on any text."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

from ..functions.tool import tool
from .arithmetic import evaluate

_ROUNDED = Context(prec=15)

_EXACT_DIGITS = 30
"""Digits up to which a decimal is written out in full."""


@tool(price=Decimal(0), read_only=True, inline=True)
def calculator(expression: str) -> str:
    """Computes an arithmetic expression exactly.

    It knows + - * / // % ** and parentheses, pi and e, and the functions abs, ceil, floor, max,
    min, round, sqrt and sum.

    Args:
        expression: for example `round(1299 * 1.19 / 12, 2)`.
    """
    return _show(evaluate(expression))


def _show(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    exact = _decimal(value)
    if exact is not None:
        return exact
    rounded = _nearest(value)
    if Fraction(rounded) == value:
        return str(rounded)
    if len(fraction := str(value)) <= _EXACT_DIGITS:
        return f"{rounded} (exactly {fraction})"
    return f"{rounded} (rounded)"


def _decimal(value: Fraction) -> str | None:
    """Returns the value written out, or None if it does not end within the digits allowed."""
    for places in range(1, _EXACT_DIGITS):
        if 10**places % value.denominator == 0:
            digits = str(abs(value.numerator) * 10**places // value.denominator).zfill(places + 1)
            sign = "-" if value < 0 else ""
            return f"{sign}{digits[:-places]}.{digits[-places:]}"
    return None


def _nearest(value: Fraction) -> Decimal:
    """Returns the value rounded to 15 digits."""
    return _ROUNDED.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize(_ROUNDED)
