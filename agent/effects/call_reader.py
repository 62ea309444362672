"""Reads the calls that a policy writes: each text once, whoever asks about it."""

from __future__ import annotations

from dataclasses import replace

from ...journal.notices import InvalidArguments, UnpricedCall
from ...journal.records import ToolCall
from ...tools import Tool, Toolset
from ...tools.invocation import Invocation, Reading
from .tool_costs import ToolPrices


class CallReader:
    """The calls of one run as they were read.

    Args:
        tools: what can be called.
        prices: what calls cost.
    """

    def __init__(self, tools: Toolset, prices: ToolPrices) -> None:
        self._tools = tools
        self._prices = prices
        self._reads: dict[tuple[str, str], tuple[ToolCall, Reading]] = {}
        self._older: dict[tuple[str, str], tuple[ToolCall, Reading]] = {}

    def read(self, call: ToolCall) -> tuple[ToolCall, Reading]:
        """Returns the call that is really meant, and what came of reading it."""
        text = (call.name, call.arguments)
        known = self._reads.get(text) or self._older.get(text)
        if known is None:
            meant = self._tools.resolve(call)
            known = meant, self._read(meant)
        self._reads[text] = known
        meant, reading = known
        if meant.id == call.id:
            return known
        own = replace(meant, id=call.id)
        return own, replace(reading, id=call.id) if isinstance(reading, Invocation) else reading

    def forget(self) -> None:
        """Drops what was read before the present step and the one before it."""
        self._older, self._reads = self._reads, {}

    def tool(self, call: ToolCall) -> Tool | None:
        """Returns the tool that a call names, once it is known which one is meant."""
        return self._tools.get(call.name) if call.name in self._tools else None

    def priced(self, call: Invocation) -> Invocation | UnpricedCall:
        """Returns the call with its price as it is now, or why that cannot be told."""
        usd = self._prices.cost(self._tools.get(call.name), call)
        return usd if isinstance(usd, UnpricedCall) else replace(call, usd=usd)

    def _read(self, call: ToolCall) -> Reading:
        tool = self.tool(call)
        if tool is None:
            return self._tools.absent(call)
        try:
            return tool.read(call)
        except Exception as error:  # a tool that is not ours
            return InvalidArguments(tool=call.name, why=f"{type(error).__name__}: {error}")
