"""The Budget Tracker: used and remaining of each resource, told to the policy (BATS §3).

Liu et al. 2025, "Budget-Aware Tool-Use Enables Effective Agent Scaling", arXiv 2511.17006: a
status block after each tool response, and the rules for four spending regimes stated once. The
paper leaves open to which regime an edge belongs and what holds when tools differ: here an edge
belongs to the higher regime, and the lowest share of any resource decides (the rules say so).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ..ledger.amount import Quantity
from ..ledger.resources import split_resource


@dataclass(frozen=True)
class BudgetLine:
    """One resource of the block."""

    resource: str
    used: Quantity
    remaining: Quantity


def budget_block(lines: Iterable[BudgetLine]) -> str:
    """Returns the text that is appended to a task or an observation; empty without lines."""
    rows = [
        f"{_label(line.resource)}: used {_show(line.used)}, remaining {_show(line.remaining)}"
        for line in lines
    ]
    if not rows:
        return ""
    return "\n".join(("<budget>", *rows, "</budget>"))


def _label(resource: str) -> str:
    """Tools go by their own names: `search`, not `tool_calls.search`."""
    row, tool = split_resource(resource)
    if not tool:
        return resource
    return f"{row.name} for {tool}" if row.unit == "usd" else tool


def _show(quantity: Quantity) -> str:
    if isinstance(quantity, Decimal):
        return f"{max(quantity, Decimal(0)).quantize(Decimal('0.000001')).normalize():f}"
    return str(max(quantity, 0))
