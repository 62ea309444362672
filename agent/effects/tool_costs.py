"""What tool calls cost: the price book's word first, then the tool's own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ...journal.notices import UnpricedCall
from ...journal.records import ToolSpec
from ...ledger.errors import ToolError, UsageError
from ...ledger.prices.price_book import PriceBook
from ...tools import Tool
from ...tools.invocation import Invocation

_MOST = Decimal(10) ** 12
"""USD that a call can cost."""
_PLACES = 60
"""Decimal places that a price can have."""


class ToolPrices:
    def __init__(self, book: PriceBook) -> None:
        self._book = book

    def cost(self, tool: Tool, call: Invocation) -> Decimal | UnpricedCall | None:
        """Returns USD, None where no price is known, or why the price cannot be told."""
        name = tool.spec.name
        price = self._book.tool(name)
        try:
            usd = (
                tool.cost(call)
                if price is None
                else price.cost(_counted(call, tool.spec), call.units)
            )
            is_sum = usd is None or _is_money(usd)
        except (UsageError, ToolError) as error:
            return UnpricedCall(tool=name, why=str(error))
        except Exception as error:
            why = f"the price of tool {name!r} cannot be told: {type(error).__name__}"
            return UnpricedCall(tool=name, why=why)
        if is_sum:
            return usd
        why = f"the price of tool {name!r} must be from 0 to {_MOST:,} USD, with {_PLACES} places"
        return UnpricedCall(tool=name, why=f"{why} at most")

    def least(self, tool: Tool) -> Decimal:
        """Returns the least that any call can cost, as far as that is known beforehand."""
        price = self._book.tool(tool.spec.name)
        if price is not None:
            return price.cost({})
        return max(tool.least_cost or Decimal(0), Decimal(0))

    def known(self, tool: Tool) -> bool:
        return tool.least_cost is not None or self._book.tool(tool.spec.name) is not None

    def source(self, tool: Tool) -> str | None:
        """Returns where the price comes from, or None if there is none."""
        price = self._book.tool(tool.spec.name)
        if price is not None:
            return price.source
        return None if tool.least_cost is None else "the tool"


def _counted(call: Invocation, spec: ToolSpec) -> Mapping[str, Any]:
    """Returns the arguments as they count: a number that somebody else's tool gets in quotes too.

    Only where the tool's schema asks for a text is a numeral a text.
    """
    properties = spec.parameters.get("properties", {})
    return {
        name: _number(value, properties.get(name)) if isinstance(value, str) else value
        for name, value in call.written.items()
    }


def _number(text: str, schema: Any) -> Any:
    if isinstance(schema, Mapping) and (schema.get("type") == "string" or "enum" in schema):
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _is_money(usd: Decimal) -> bool:
    """Says whether sums with it are exact enough to be kept and shown."""
    if not usd.is_finite() or not 0 <= usd <= _MOST:
        return False
    exponent = usd.as_tuple().exponent
    return isinstance(exponent, int) and -_PLACES <= exponent <= _PLACES
