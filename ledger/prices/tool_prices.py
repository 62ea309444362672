"""What a tool call costs: a price per call, and per item or unit of its arguments."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any

from ..errors import ToolError, UsageError

_STEP = Decimal("1e-12")
_EXACT = Context(prec=400)


@dataclass(frozen=True)
class ToolPrice:
    """What calls of one tool cost."""

    name: str
    source: str
    """Where the price is from, with its version."""
    call: Decimal = Decimal(0)
    """USD for each call; a batched call counts as many as it has items."""
    per: Mapping[str, Decimal] = field(default_factory=dict)
    """USD by argument: per item where the argument is a list, per unit where it is a number,
    once where it is anything else. An argument that is absent or null costs nothing."""

    def __post_init__(self) -> None:
        for usd in (self.call, *self.per.values()):
            if not 0 <= usd < Decimal("Infinity"):
                raise UsageError(f"the price of tool {self.name!r} cannot be {usd} USD")

    def cost(self, arguments: Mapping[str, Any], units: int = 1) -> Decimal:
        """Returns the USD of a call with these arguments.

        Args:
            units: how many calls it counts as.

        Raises:
            ToolError: a number that is priced is infinite or NaN.
        """
        usd = _EXACT.multiply(self.call, Decimal(units))
        for argument, price in self.per.items():
            count = _count(argument, arguments.get(argument))
            usd = _EXACT.add(usd, _EXACT.multiply(count, price))
        return usd.quantize(_STEP, ROUND_CEILING, _EXACT)


def _count(argument: str, value: Any) -> Decimal:
    if value is None:
        return Decimal(0)
    if isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping):
        return Decimal(len(value))
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        if not number.is_finite():
            raise ToolError(
                f"argument {argument!r} must be a finite number: its price depends on it"
            )
        return max(number, Decimal(0))
    return Decimal(1)
