"""The page put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from importlib.resources import files

from ... import errors
from ...results import ResultRow
from .. import number_format
from ..conclusion import verdicts
from ..summary import LEVEL, Report
from ..tables import common_parts, name_setups
from .bars import limits, waterfalls
from .markup import Markup, join, tag
from .plot import PlotPoint, cost_plot, points
from .runs import ReportDetails, task_list
from .tables import comparisons_table, metrics_table, setups_table

_SIZES = {"wide": (880, 440), "narrow": (380, 400)}
"""The plot is drawn twice, and the style sheet shows the one that fits."""


def render_page(title: str, report: Report, rows: Sequence[ResultRow], told: ReportDetails) -> str:
    """Returns the page.

    Args:
        title: the name of the experiment.
        rows: the runs that the report summarises.
        told: what is known of single tasks and runs.
    """
    names = name_setups([summary.setup for summary in report.setups])
    shown = points(report, names)
    back = tag("p", tag("a", "‹ all runs", href=told.runs_at)) if told.runs_at else None
    body = tag(
        "main",
        back,
        _head(title, report, rows),
        *_plot(shown, report),
        *_verdict(report),
        *_errors(report),
        *_tables(report, shown),
        *_money(report, shown),
        *_tasks(report, rows, told, shown),
    )
    style = Markup(files(__package__).joinpath("style.css").read_text(encoding="utf-8"))
    head = tag(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        tag("title", f"{title} · outlay"),
        tag("style", style),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', body), lang='en')}\n"


def _head(title: str, report: Report, rows: Sequence[ResultRow]) -> Markup:
    made = [row for row in rows if row.status != "not_started"]
    spent = sum((row.cost_usd for row in made), Decimal(0))
    facts = (
        f"{number_format.count(len(report.setups), 'set-up')} · "
        f"{number_format.count(len({row.task for row in made}), 'task')} · "
        f"{number_format.count(len(made), 'run')} · {number_format.usd(float(spent))} spent"
    )
    common = common_parts([summary.setup for summary in report.setups]) if report.setups else ""
    return tag(
        "header",
        tag("h1", title),
        tag("p", facts),
        tag("p", common, class_="dim") if common else None,
    )


def _verdict(report: Report) -> Iterator[Markup]:
    sentences = [tag("li", sentence) for sentence in verdicts(report)]
    if sentences:
        yield tag("section", tag("h2", "Verdict"), tag("ul", *sentences, class_="verdict"))


def _plot(shown: Sequence[PlotPoint], report: Report) -> Iterator[Markup]:
    if not shown:
        return
    drawn = [
        tag("div", cost_plot(shown, *size), class_=f"plot {name}") for name, size in _SIZES.items()
    ]
    keys = [
        tag("li", tag("b", point.letter, class_=f"key {point.colour}"), f" {point.name}")
        for point in shown
    ]
    note = f"Whiskers and bands: {100 * LEVEL:.0f} % intervals, by task."
    if report.frontier:
        note += (
            " Dashed: the frontier; what lies below it gives less for more. A line joins the "
            "budgets of one set-up."
        )
    yield tag(
        "section",
        tag("h2", "Success against cost"),
        *drawn,
        tag("ul", *keys, class_="legend"),
        tag("p", note, class_="dim"),
    )


def _tables(report: Report, shown: Sequence[PlotPoint]) -> Iterator[Markup]:
    if not shown:
        return
    yield tag(
        "section",
        tag("h2", "Set-ups"),
        setups_table(report, shown),
        *(tag("p", line, class_="dim") for line in _notes(report)),
    )
    if report.metrics:
        yield tag("section", tag("h2", "The scorer's metrics"), metrics_table(report, shown))
    if report.comparisons:
        first = report.comparisons[0]
        base = next(point for point in shown if point.setup == first.base)
        several = len({row.base for row in report.comparisons}) > 1
        named = (
            f"{first.base.planner} at the same budget" if several else f"{base.letter} {base.name}"
        )
        yield tag(
            "section",
            tag("h2", f"Difference from {named}"),
            comparisons_table(report, shown),
            tag(
                "p",
                f"On the tasks that both ran, with {100 * first.level:.4g} % intervals; p by the "
                "paired permutation test, not corrected for several set-ups.",
                class_="dim",
            ),
        )


def _errors(report: Report) -> Iterator[Markup]:
    """Yields what ended runs that count in no figure of the page."""
    names = name_setups([summary.setup for summary in report.setups])
    lines = [
        f"{' · '.join(names[summary.setup])}: {errors.in_words(summary.errors)}"
        for summary in report.setups
        if summary.errors
    ]
    if lines:
        note = "They count in no success and no cost per task; many of them leave no verdict."
        yield tag(
            "section",
            tag("h2", "Ended by errors"),
            tag("p", note, class_="dim"),
            tag("ul", *(tag("li", line) for line in lines)),
        )


def _notes(report: Report) -> Iterator[str]:
    yield "Means per try at a task. Cost of pass: USD per success."
    if report.frontier:
        yield (
            "On the frontier: no other set-up solves as much for less; below, in how many "
            "resamples of the tasks."
        )
    if report.frontier and report.frontier.cost:
        cost = report.frontier.cost
        places = number_format.decimals([cost.value])
        interval = number_format.usd_interval(cost, places)
        solved = report.frontier.tasks - report.frontier.unsolved
        yield (
            "With the cheapest set-up for each task a success costs "
            f"{number_format.aligned_usd(cost.value, places)}"
            f"{f' ({interval})' if interval else ''}; "
            f"some set-up solved {solved:,} of {report.frontier.tasks:,} tasks that all ran."
        )


def _money(report: Report, shown: Sequence[PlotPoint]) -> Iterator[Markup]:
    falls = list(waterfalls(report.bills, shown))
    if falls:
        yield tag("section", tag("h2", "Where the money went"), tag("div", *falls, class_="tiles"))
    used = list(limits(report.bills, shown))
    if used:
        yield tag("section", tag("h2", "Limits used"), tag("div", *used, class_="tiles"))


def _tasks(
    report: Report, rows: Sequence[ResultRow], told: ReportDetails, shown: Sequence[PlotPoint]
) -> Iterator[Markup]:
    runs = [row for row in rows if row.run]
    if not runs:
        return
    note = "Those solved least often first. Open a task for its runs, and a run for its steps."
    left_out = sum(row.run not in told.steps for row in runs)
    if left_out and told.runs_at is None:
        note += f" Of {number_format.count(left_out, 'run')} the steps are not in this file."
    yield tag(
        "section",
        tag("h2", "Tasks"),
        tag("p", note, class_="dim"),
        join(task_list(rows, told, shown, report.frontier)),
        class_="tasks",
    )
