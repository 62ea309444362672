"""The end of `outlay bench`: a `Report` as tables for a terminal, or as plain text for a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ... import errors
from ...refusals import in_words
from ...results import UNFINISHED, Status
from ...statistics import Estimate
from .. import number_format
from ..conclusion import verdicts
from ..summary import LEVEL, HopsSummary, Measures, Report, SetupSummary, summarise
from ..tables import Names, cell, common_parts, name_setups, note, stacked, table
from .sections import bills_block, frontier_block, repeats_block

__all__ = ["WIDTH", "Report", "render_plain", "render_rich", "summarise"]

WIDTH = 100
"""Columns that every table fits into."""

_ENDINGS: dict[Status, str] = {
    "answered": "answered",
    "budget_exhausted": "budget exhausted",
    "failed": "failed",
    "cancelled": "cancelled",
    "not_started": "not started (the suite's money is out)",
}


def render_rich(report: Report) -> RenderableType:
    """Returns the tables and sentences, for a console of at least `WIDTH` columns."""
    if not report.setups:
        return Text("No runs to report.")
    parts: list[RenderableType] = []
    for block in _blocks(report):
        parts += [Text(), *block] if parts else block
    return Group(*parts)


def render_plain(report: Report) -> str:
    """Returns the same without colours, `WIDTH` columns wide whatever the terminal."""
    out = StringIO()
    console = Console(file=out, width=WIDTH, color_system=None, legacy_windows=False)
    console.print(render_rich(report))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _blocks(report: Report) -> Iterator[list[RenderableType]]:
    setups = [summary.setup for summary in report.setups]
    names, places = name_setups(setups), _places(report)
    if common := common_parts(setups):
        yield [Text(common, style="bold")]
    if any(summary.measures for summary in report.setups):
        yield [_setups_table(report, names, places), note(_SETUPS_NOTE)]
    if any(summary.hops is not None for summary in report.hops):
        yield [_hops_table(report, names, places), note(_HOPS_NOTE)]
    if report.metrics:
        yield [Text("The scorer's metrics", style="bold"), _metrics_table(report, names)]
    if report.repeats:
        yield repeats_block(report.repeats, names)
    if report.bills:
        yield bills_block(report.bills, names)
    yield [Text("How the runs ended", style="bold"), _endings(report, names), *_left_out(report)]
    if report.comparisons:
        yield [_comparisons_table(report, names), note(_comparisons_note(report, names))]
    if report.frontier:
        yield frontier_block(report.frontier, names)
    if len(setups) > 1:
        yield [Text("Verdict", style="bold"), *map(Text, verdicts(report))]


def _places(report: Report) -> int:
    amounts = [summary.measures.cost.value for summary in report.setups if summary.measures]
    for row in report.hops:
        amounts += [row.cost, row.cheapest or 0.0]
    return number_format.decimals(amounts)


_SETUPS_NOTE = (
    f"Means per try at a task. Below: {100 * LEVEL:.0f} % intervals, by task. "
    "Cost of pass: USD per success."
)


def _setups_table(report: Report, names: Names, places: int) -> Table:
    made = table(
        *("tasks", "runs", "success", "cost per task", "cost of pass"),
        *("tokens", "tool\ncalls", "model\ncalls", "seconds"),
    )
    for summary in report.setups:
        if summary.measures:
            name = cell("\n".join(names[summary.setup]))
            made.add_row(name, *_measure_cells(summary.measures, places))
    return made


def _measure_cells(measures: Measures, places: int) -> Iterator[RenderableType]:
    yield f"{measures.tasks:,}"
    yield f"{measures.runs:,}"
    success = measures.success
    yield stacked(number_format.percent(success.value), number_format.percent_interval(success))
    for money in (measures.cost, measures.cost_of_pass):
        yield stacked(
            number_format.aligned_usd(money.value, places),
            number_format.usd_interval(money, places),
        )
    for value in (measures.tokens, measures.tool_calls, measures.model_calls, measures.seconds):
        yield number_format.quantity(value)


_HOPS_NOTE = "If solved: cost of the successful runs, in costs of their cheapest paths."


def _hops_table(report: Report, names: Names, places: int) -> Table:
    made = table(
        *("hops", "tasks", "success", "interval", "cost per task", "cheapest path", "if solved")
    )
    for setup, group in groupby(report.hops, key=lambda row: row.setup):
        rows = list(group)
        for name, row in zip(_spread(names[setup], len(rows)), rows, strict=True):
            made.add_row(cell(name), *_hops_cells(row, places))
        made.add_section()
    return made


def _hops_cells(row: HopsSummary, places: int) -> Iterator[RenderableType]:
    yield number_format.NONE if row.hops is None else str(row.hops)
    yield f"{row.tasks:,}"
    yield number_format.percent(row.success.value)
    yield Text(number_format.percent_interval(row.success), style="dim")
    yield number_format.aligned_usd(row.cost, places)
    yield (
        number_format.NONE
        if row.cheapest is None
        else number_format.aligned_usd(row.cheapest, places)
    )
    yield number_format.times(row.times_cheapest)


def _metrics_table(report: Report, names: Names) -> Table:
    """One line for each metric, one column for each set-up: metrics are often more."""
    metrics = dict.fromkeys(name for summary in report.metrics for name in summary.means)
    made = table(*("\n".join(names[summary.setup]) for summary in report.metrics), of="metric")
    for name in metrics:
        found = [summary.means.get(name) for summary in report.metrics]
        made.add_row(cell(name), *(_share(estimate) for estimate in found))
    return made


def _share(estimate: Estimate | None) -> RenderableType:
    if estimate is None:
        return number_format.NONE
    return stacked(number_format.percent(estimate.value), number_format.percent_interval(estimate))


def _spread(name: Sequence[str], rows: int) -> list[str]:
    """Returns a line for each row of a set-up: its name from the top, then nothing."""
    lines = [*name, *[""] * rows]
    return [*lines[: rows - 1], "\n".join(filter(None, lines[rows - 1 :]))]


def _endings(report: Report, names: Names) -> Table:
    made = Table.grid(padding=(0, 2, 0, 0))
    for summary in report.setups:
        made.add_row(cell(" · ".join(names[summary.setup])), _ending(summary))
        if summary.errors:
            made.add_row(
                "", f"ended by errors, counted here only: {errors.in_words(summary.errors)}"
            )
        if summary.refused:
            made.add_row("", f"refused by the budget: {in_words(summary.refused)}")
    return made


def _ending(summary: SetupSummary) -> str:
    counts = [
        f"{summary.statuses[status]:,} {text}"
        for status, text in _ENDINGS.items()
        if status in summary.statuses
    ]
    return f"{', '.join(counts)}; {number_format.usd(float(summary.spent))} spent"


def _left_out(report: Report) -> Iterator[Text]:
    if any(UNFINISHED & summary.statuses.keys() for summary in report.setups):
        yield note("Runs that were cancelled or not started count here only.")


def _comparisons_table(report: Report, names: Names) -> Table:
    made = table("tasks", "success, points", "cost per task")
    for row in report.comparisons:
        made.add_row(
            cell("\n".join(names[row.other])),
            f"{row.tasks:,}",
            stacked(
                number_format.points(row.success.value), number_format.points_interval(row.success)
            ),
            stacked(
                number_format.signed_usd(row.cost.value),
                number_format.signed_usd_interval(row.cost),
            ),
        )
    return made


def _comparisons_note(report: Report, names: Names) -> str:
    first, number = report.comparisons[0], len(report.comparisons)
    several = len({row.base for row in report.comparisons}) > 1
    base = f"{first.base.planner} at the same budget" if several else " · ".join(names[first.base])
    note = f"Difference from {base} on the tasks that both ran, "
    if number == 1:
        return f"{note}with its {100 * LEVEL:.0f} % interval."
    return f"{note}with {100 * first.level:.4g} % intervals: {number} comparisons share the 5 %."
