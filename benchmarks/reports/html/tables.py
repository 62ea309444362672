"""The tables of the page: set-ups, frontier, repeats and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...results import Setup
from ...statistics import Estimate
from .. import number_format
from ..frontier_summary import FrontierPlace, RepeatsSummary
from ..summary import Report
from .markup import Markup, join, tag
from .plot import PlotPoint


def setups_table(report: Report, points: Sequence[PlotPoint]) -> Markup:
    """Returns one line a set-up, with what its tries were worth."""
    places = {each.setup: each for each in report.frontier.places} if report.frontier else {}
    repeats = {repeat.setup: repeat for repeat in report.repeats}
    spread = [point.measures.cost.value for point in points]
    decimals = number_format.decimals(spread)
    heads = ["set-up", "tasks", "success", "cost per task", "cost of pass"]
    heads += ["on the frontier", "cheapest on tasks"] if places else []
    heads += [f"all of {report.repeats[0].k} pass"] if repeats else []
    heads += ["model calls", "tool calls"]
    lines = [_setup(point, places, repeats, decimals) for point in points]
    return _table(heads, lines)


def _setup(
    point: PlotPoint,
    places: Mapping[Setup, FrontierPlace],
    repeats: Mapping[Setup, RepeatsSummary],
    decimals: int,
) -> list[Markup]:
    measures = point.measures
    cells = [
        key(point),
        tag("td", f"{measures.tasks:,}"),
        _stack(
            number_format.percent(measures.success.value),
            number_format.percent_interval(measures.success),
        ),
    ]
    for money in (measures.cost, measures.cost_of_pass):
        value = number_format.aligned_usd(money.value, decimals)
        cells.append(_stack(value, number_format.usd_interval(money, decimals)))
    if places:
        place = places.get(point.setup)
        cells.append(
            _stack("yes" if place.is_on else "no", number_format.odds(place.odds))
            if place
            else tag("td")
        )
        cells.append(tag("td", f"{place.cheapest_on:,}" if place else ""))
    if repeats:
        each = repeats.get(point.setup)
        cells.append(
            _stack(
                number_format.percent(each.all_pass.value),
                number_format.percent_interval(each.all_pass),
            )
            if each
            else tag("td")
        )
    calls = (measures.model_calls, measures.tool_calls)
    return [*cells, *(tag("td", number_format.quantity(value)) for value in calls)]


def comparisons_table(report: Report, points: Sequence[PlotPoint]) -> Markup:
    """Returns the differences from the base on common tasks."""
    by_setup = {point.setup: point for point in points}
    lines = [
        [
            key(by_setup[comparison.other]),
            tag("td", f"{comparison.tasks:,}"),
            _stack(
                number_format.points(comparison.success.value),
                number_format.points_interval(comparison.success),
            ),
            tag("td", number_format.p_value(comparison.success_p)),
            _stack(
                number_format.signed_usd(comparison.cost.value),
                number_format.signed_usd_interval(comparison.cost),
            ),
        ]
        for comparison in report.comparisons
    ]
    heads = ["set-up", "common tasks", "success, points", "p of success", "cost per task"]
    return _table(heads, lines)


def metrics_table(report: Report, points: Sequence[PlotPoint]) -> Markup:
    """Returns what else the scorer measures, one line a set-up."""
    by_setup = {point.setup: point for point in points}
    heads = list(dict.fromkeys(name for metric in report.metrics for name in metric.means))
    lines = [
        [key(by_setup[metric.setup]), *(_share(metric.means.get(name)) for name in heads)]
        for metric in report.metrics
    ]
    return _table(["set-up", *heads], lines)


def _share(estimate: Estimate | None) -> Markup:
    if estimate is None:
        return tag("td", number_format.NONE)
    return _stack(number_format.percent(estimate.value), number_format.percent_interval(estimate))


def key(point: PlotPoint) -> Markup:
    """Returns the cell that names a set-up."""
    badge = tag("b", point.letter, class_=f"key {point.colour}")
    return tag("th", badge, " ", tag("span", point.name.replace(",", ", ")), scope="row")


def _table(heads: Sequence[str], lines: Sequence[Sequence[Markup]]) -> Markup:
    head = tag("tr", *(tag("th", name, scope="col") for name in heads))
    body = join(*(tag("tr", *line) for line in lines))
    return tag("div", tag("table", tag("thead", head), tag("tbody", body)), class_="scroll")


def _stack(value: str, below: str) -> Markup:
    return tag("td", value, tag("small", below) if below else None)
