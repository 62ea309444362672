"""Where the money of a set-up's runs went, and how much of each limit they used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean

from ..ledger.budget import Budget
from ..ledger.resources import split_resource
from .results import ResultRow, Setup
from .statistics import task_means


@dataclass(frozen=True, kw_only=True)
class RunSpending:
    """What one run used, its sub-agents included."""

    usd: Mapping[tuple[str, str], Decimal]
    """USD by the graph's node that asked and the tool that was called, `""` for the policy."""
    used: Mapping[str, Decimal]
    """Quantities by resource: `usd`, `tokens`, `tool_calls.search`, …"""


@dataclass(frozen=True, kw_only=True)
class PurposeSpending:
    """One purpose of a set-up's money, in the finished runs."""

    node: str
    """The node of the graph that asked: `think`, `act`, `verify`, …"""
    tool: str
    """The tool that was called; empty for the policy."""
    usd: float
    """Mean USD per task."""


@dataclass(frozen=True, kw_only=True)
class CapUse:
    """How much of one limit a set-up's finished runs used."""

    resource: str
    """`usd`, `tokens`, `model_calls`, `search`, …"""
    cap: Decimal
    used: float
    """Mean per task."""
    at_cap: float | None
    """Share of runs that used it up; None for money and tokens, which never come out even."""


@dataclass(frozen=True, kw_only=True)
class SpendingSummary:
    """The bills of one set-up."""

    setup: Setup
    spending: tuple[PurposeSpending, ...]
    """The dearest purpose first."""
    caps: tuple[CapUse, ...]


def summarise_bills(
    setup: Setup, rows: Sequence[ResultRow], bills: Mapping[str, RunSpending]
) -> SpendingSummary | None:
    """Returns the summary of the finished runs of a set-up, or None if no bill is known.

    Args:
        bills: by run.
    """
    billed = [(row, bills[row.run]) for row in rows if row.run in bills]
    if not billed:
        return None
    return SpendingSummary(
        setup=setup, spending=tuple(_spending(billed)), caps=tuple(_caps(setup, billed))
    )


def _spending(billed: Sequence[tuple[ResultRow, RunSpending]]) -> list[PurposeSpending]:
    purposes = sorted({purpose for _, bill in billed for purpose in bill.usd})
    found = [
        PurposeSpending(
            node=node,
            tool=tool,
            usd=_mean((row.task, float(bill.usd.get((node, tool), 0))) for row, bill in billed),
        )
        for node, tool in purposes
    ]
    return sorted((part for part in found if part.usd > 0), key=lambda part: -part.usd)


def _caps(setup: Setup, billed: Sequence[tuple[ResultRow, RunSpending]]) -> Iterator[CapUse]:
    for resource, limit in Budget.parse(setup.budget).limits.items():
        cap = Decimal(limit)
        used = [(row.task, float(bill.used.get(resource, 0))) for row, bill in billed]
        row, tool = split_resource(resource)
        at_cap = None
        if row.call:
            at_cap = _mean((task, float(value >= cap)) for task, value in used)
        label = tool if tool and row.unit == "count" else resource
        yield CapUse(resource=label, cap=cap, used=_mean(used), at_cap=at_cap)


def _mean(values: Iterator[tuple[str, float]] | Sequence[tuple[str, float]]) -> float:
    return fmean(task_means(values).values())
