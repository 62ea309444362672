"""The Budget Tracker: what is used and what is free of each resource, told to the policy (BATS §3).

Liu et al. 2025, "Budget-Aware Tool-Use Enables Effective Agent Scaling", arXiv 2511.17006: a
status block after each tool response, and the rules for four spending regimes stated once. The
paper leaves open to which regime an edge belongs and what holds when tools differ: here an edge
belongs to the higher regime, and the resource that is shortest decides. What is kept back for the
calls that end a run is not free, and a handful of calls is not much, whatever share they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..ledger.amount import Quantity
from ..ledger.resources import split_resource
from .prompts import prompt

_FREE_TOLD = 3
"""The version of the prompt `budget` from which on blocks tell what is free."""

REGIMES = ("HIGH", "MEDIUM", "LOW", "CRITICAL")
_SHARES = (Decimal("0.7"), Decimal("0.3"), Decimal("0.1"))
"""The least share that is free in each regime but the last."""
_CALLS = (4, 2, 1)
"""The fewest calls that are free in each regime but the last."""
_PURPOSES = {"verify": "the check", "wrap_up": "the final answer", "select": "the choice"}


@dataclass(frozen=True)
class BudgetLine:
    """One resource of the block."""

    resource: str
    used: Quantity
    free: Quantity
    kept: Quantity = 0
    """What is kept back for later calls, beside what is free."""
    calls: int | None = None
    """How many calls the free part pays; None where that says nothing."""

    @property
    def share(self) -> Decimal:
        """What is free of all that could be used freely, from 0 to 1."""
        free = max(Decimal(self.free), Decimal(0))
        return free / (free + self.used) if free else Decimal(0)

    @property
    def regime(self) -> int:
        """Its place among the `REGIMES`."""
        by_share = sum(self.share < least for least in _SHARES)
        by_calls = 0 if self.calls is None else sum(self.calls < fewest for fewest in _CALLS)
        return max(by_share, by_calls)


def tells_free() -> bool:
    """Says whether the blocks of the run at hand tell what is free; those of older runs do not."""
    return prompt("budget").version >= _FREE_TOLD


def budget_block(
    lines: Sequence[BudgetLine], kept_for: Iterable[str] = (), prices: str = ""
) -> str:
    """Returns the text that is appended to a task or an observation; empty without lines.

    Args:
        kept_for: the purposes of the calls for which something is kept back.
        prices: what calls cost, where that is told.
    """
    if not lines:
        return ""
    ends = calls_in_words(kept_for)
    rows = [
        f"{_label(line.resource)}: used {_show(line.used)}, free {_show(line.free)}"
        + (f" ({_show(line.kept)} kept back for {ends})" if line.kept else "")
        for line in lines
    ]
    shortest = max(lines, key=lambda line: (line.regime, -line.share))
    regime = f"regime: {REGIMES[shortest.regime]}"
    if shortest.regime:
        regime += f", by {_label(shortest.resource)}"
    return "\n".join(filter(None, ("<budget>", *rows, prices, regime, "</budget>")))


def old_budget_block(lines: Sequence[BudgetLine]) -> str:
    """Returns the block of runs that were told an older version of the prompt `budget`."""
    rows = [
        f"{_label(line.resource)}: used {_show(line.used)}, remaining {_show(line.free)}"
        for line in lines
    ]
    return "\n".join(("<budget>", *rows, "</budget>")) if rows else ""


def price_list(tools: Mapping[str, Decimal], tokens: tuple[Decimal, Decimal] | None) -> str:
    """Returns the line of the block that says what calls cost; "" where nothing costs anything.

    Args:
        tools: USD that a call of each costs at least.
        tokens: USD for a million tokens, read and written; None where that is unknown.
    """
    names: dict[Decimal, list[str]] = {}
    for name, usd in tools.items():
        names.setdefault(usd, []).append(name)
    if len(names) == 1 and len(tools) > 1:
        names = {usd: ["any tool"] for usd in names}
    costs = [f"{_show(usd)} a call of {', '.join(of)}" for usd, of in names.items() if usd]
    if tokens is not None and any(tokens):
        costs.append("a million tokens {} read, {} written".format(*map(_show, tokens)))
    return f"prices in usd: {', '.join(costs)}" if costs else ""


def calls_in_words(purposes: Iterable[str]) -> str:
    """Returns what calls are made for, e.g. `the check and the final answer`."""
    names = [_PURPOSES.get(purpose, purpose) for purpose in purposes]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


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
