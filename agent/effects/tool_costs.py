"""What tool calls cost: the price book's word first, then the tool's own."""

from __future__ import annotations

from decimal import Decimal

import orjson

from ...ledger.prices.price_book import PriceBook
from ...tools import Tool


class ToolPrices:
    def __init__(self, book: PriceBook) -> None:
        self._book = book

    def cost(self, tool: Tool, arguments: str) -> Decimal | None:
        """Returns USD for a call with well-formed arguments (JSON), or None: no price known."""
        price = self._book.tool(tool.spec.name)
        return tool.cost(arguments) if price is None else price.cost(orjson.loads(arguments))

    def least(self, tool: Tool) -> Decimal:
        """Returns the least that any call can cost, as far as that is known beforehand."""
        price = self._book.tool(tool.spec.name)
        if price is not None:
            return price.cost({})
        return tool.least_cost or Decimal(0)

    def known(self, tool: Tool) -> bool:
        return tool.least_cost is not None or self._book.tool(tool.spec.name) is not None

    def source(self, tool: Tool) -> str | None:
        """Returns where the price comes from, or None if there is none."""
        price = self._book.tool(tool.spec.name)
        if price is not None:
            return price.source
        return None if tool.least_cost is None else "the tool"
