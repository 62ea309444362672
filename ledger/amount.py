"""A vector of resources: what a call may cost, or did cost."""

from __future__ import annotations

import math
from collections.abc import ItemsView, Iterator, Mapping
from decimal import Decimal

from .errors import UsageError
from .resources import SOFT, Quantity, model_call_bill, model_call_bound
from .usage import Usage

__all__ = ["SOFT", "ZERO", "Amount", "Quantity"]


class Amount(Mapping[str, Quantity]):
    """Immutable quantities by resource; a resource that is not named is zero.

    Resources: those of the table in `resources.py` that are summed up, and of one tool
    `tool_calls.NAME` and `usd.NAME`. USD are Decimals, all else are ints.
    """

    __slots__ = ("_quantities",)

    def __init__(self, quantities: Mapping[str, Quantity] | None = None) -> None:
        self._quantities = {k: v for k, v in (quantities or {}).items() if v}

    @classmethod
    def of_model_call(cls, usd: Decimal, input_tokens: int, output_tokens: int) -> Amount:
        """Returns the most that a policy call within these bounds costs."""
        return cls(model_call_bound(usd, input_tokens, output_tokens))

    @classmethod
    def of_model_bill(cls, usd: Decimal, usage: Usage) -> Amount:
        """Returns what a policy call with this bill cost."""
        return cls(model_call_bill(usd, usage))

    @classmethod
    def of_tool_call(cls, tool: str, usd: Decimal, calls: int = 1) -> Amount:
        return cls(
            {"usd": usd, f"usd.{tool}": usd, "tool_calls": calls, f"tool_calls.{tool}": calls}
        )

    def __getitem__(self, resource: str) -> Quantity:
        return self._quantities.get(resource, 0)

    def __contains__(self, resource: object) -> bool:
        return resource in self._quantities

    def __iter__(self) -> Iterator[str]:
        return iter(self._quantities)

    def __len__(self) -> int:
        return len(self._quantities)

    def items(self) -> ItemsView[str, Quantity]:
        return self._quantities.items()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Amount) and self._quantities == other._quantities

    def __hash__(self) -> int:
        return hash(frozenset(self._quantities.items()))

    def __add__(self, other: Amount) -> Amount:
        if not other._quantities:
            return self
        total = dict(self._quantities)
        for resource, quantity in other._quantities.items():
            total[resource] = total.get(resource, 0) + quantity
        return Amount(total)

    def __sub__(self, other: Amount) -> Amount:
        if not other._quantities:
            return self
        total = dict(self._quantities)
        for resource, quantity in other._quantities.items():
            total[resource] = total.get(resource, 0) - quantity
        return Amount(total)

    def only(self, resources: tuple[str, ...]) -> Amount:
        """Returns the part of it that is in the given resources."""
        return Amount({r: q for r, q in self._quantities.items() if r in resources})

    @property
    def usd(self) -> Decimal:
        return Decimal(self["usd"])

    def __repr__(self) -> str:
        return f"Amount({', '.join(f'{r}={q}' for r, q in self._quantities.items())})"


ZERO = Amount()


def checked(amount: Amount) -> Amount:
    """Returns the amount.

    Raises:
        UsageError: a quantity of it is below 0, infinite or not a number.
    """
    quantities = amount._quantities.values()
    try:
        is_sound = min(quantities, default=0) >= 0 and math.isfinite(sum(quantities))
    except (TypeError, ArithmeticError):  # no Decimals, or one that is not a number
        is_sound = False
    for resource, quantity in () if is_sound else amount.items():
        if not math.isfinite(quantity) or quantity < 0:
            raise UsageError(f"an amount of {quantity} {resource} is not a number of 0 or more")
    return amount
