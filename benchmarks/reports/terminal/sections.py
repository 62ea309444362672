"""The parts of a report that weigh set-ups together: frontier, repeats, and where money went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ....ledger.resources import is_money
from ...spending import CapUse, PurposeSpending, SpendingSummary
from .. import number_format
from ..frontier_summary import FrontierSummary, RepeatsSummary
from ..tables import Names, cell, note, stacked, table

_LEAST_SHARE = 0.005
"""Purposes of less than this share of the money are not listed."""


def frontier_block(frontier: FrontierSummary, names: Names) -> list[RenderableType]:
    """Returns which set-ups are worth having, and what the cheapest one for each task costs."""
    made = table("on the\nfrontier", "in resamples\nof tasks", "cheapest\non tasks")
    for place in frontier.places:
        made.add_row(
            cell("\n".join(names[place.setup])),
            "yes" if place.is_on else "no",
            number_format.odds(place.odds),
            f"{place.cheapest_on:,}",
        )
    return [
        made,
        note(
            "On the frontier: no other set-up solves as much for less, on the "
            f"{number_format.count(frontier.tasks, 'task')} that all ran."
        ),
        note(_frontier_cost(frontier)),
    ]


def _frontier_cost(frontier: FrontierSummary) -> str:
    if frontier.cost is None:
        return "No set-up solved any of them."
    cost = frontier.cost
    solved = f"{frontier.tasks - frontier.unsolved:,} of {frontier.tasks:,}"
    places = number_format.decimals([cost.value])
    interval = number_format.usd_interval(cost, places)
    return (
        f"With the cheapest set-up for each task a success costs "
        f"{number_format.aligned_usd(cost.value, places)}{f' ({interval})' if interval else ''}; "
        f"some set-up solved {solved}."
    )


def repeats_block(repeats: Sequence[RepeatsSummary], names: Names) -> list[RenderableType]:
    """Returns the chances that one try of several passes, and that all do."""
    made = table("tries", "any passes", "all pass")
    for summary in repeats:
        made.add_row(
            cell("\n".join(names[summary.setup])),
            str(summary.k),
            *(
                stacked(number_format.percent(share.value), number_format.percent_interval(share))
                for share in (summary.any_passes, summary.all_pass)
            ),
        )
    return [made, note("Any passes: pass@k. All pass: pass^k, what can be relied on.")]


def bills_block(bills: Sequence[SpendingSummary], names: Names) -> list[RenderableType]:
    """Returns where each set-up's money went, and how much of its limits it used."""
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(overflow="fold")
    made.add_column(overflow="fold")
    for bill in bills:
        lines = [*_money(bill.spending), *_limits(bill.caps)]
        made.add_row(cell(" · ".join(names[bill.setup])), Text("\n".join(lines)))
    return [Text("Where the money went, and how much of the limits was used", style="bold"), made]


def _money(spending: Sequence[PurposeSpending]) -> Iterator[str]:
    whole = sum(part.usd for part in spending)
    if not whole:
        yield "nothing was paid"
        return
    by_node = sorted(spending, key=lambda part: part.node)
    nodes = [(node, list(parts)) for node, parts in groupby(by_node, key=lambda part: part.node)]
    nodes.sort(key=lambda entry: -sum(part.usd for part in entry[1]))
    shown = [
        _node(node, parts, whole)
        for node, parts in nodes
        if sum(part.usd for part in parts) >= _LEAST_SHARE * whole
    ]
    yield f"{number_format.usd(whole)} a task: {' · '.join(shown)}"


def _node(node: str, parts: Sequence[PurposeSpending], whole: float) -> str:
    share = number_format.percent(sum(part.usd for part in parts) / whole)
    tools = [
        f"{part.tool} {number_format.percent(part.usd / whole)}" for part in parts if part.tool
    ]
    return f"{node} {share}" + (f" ({', '.join(tools)})" if tools else "")


def _limits(caps: Sequence[CapUse]) -> Iterator[str]:
    if caps:
        yield f"used {', '.join(map(_limit, caps))}"


def _limit(use: CapUse) -> str:
    if is_money(use.resource):
        _, _, tool = use.resource.partition(".")
        amounts = f"{number_format.usd(use.used)} of {number_format.usd(float(use.cap))}"
        return f"{amounts} for {tool}" if tool else amounts
    name = use.resource.replace("_", " ")
    text = f"{number_format.quantity(use.used)} of {use.cap:,} {name}"
    return (
        text if not use.at_cap else f"{text} (all of them in {number_format.percent(use.at_cap)})"
    )
