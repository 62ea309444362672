"""Success against unified cost: a point a set-up with its intervals, a band over budgets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ...results import Setup
from ...statistics import Estimate, Interval
from .. import number_format
from ..summary import Measures, Report
from .markup import Markup, join, tag
from .scale import AxisScale, money_scale

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COLOURS = 8
"""Colours of the style sheet, `c0` to `c7`, after which they begin again."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 16, 14, 44
_RADIUS = 9


@dataclass(frozen=True, kw_only=True)
class PlotPoint:
    """One set-up on the plot."""

    setup: Setup
    letter: str
    colour: str
    """Class of the style sheet; the same for set-ups that differ only in their budget."""
    name: str
    measures: Measures
    is_on_frontier: bool


def points(report: Report, names: Mapping[Setup, Sequence[str]]) -> list[PlotPoint]:
    """Returns the points of the set-ups that finished a run, in the report's order."""
    on = {place.setup for place in report.frontier.places if place.is_on} if report.frontier else {}
    families: dict[tuple[str, ...], int] = {}
    found = []
    for number, summary in enumerate(report.setups):
        if summary.measures is None:
            continue
        family = families.setdefault(_family(summary.setup), len(families))
        found.append(
            PlotPoint(
                setup=summary.setup,
                letter=letter(number),
                colour=f"c{family % COLOURS}",
                name=" · ".join(names[summary.setup]),
                measures=summary.measures,
                is_on_frontier=summary.setup in on,
            )
        )
    return found


def letter(number: int) -> str:
    """Returns A to Z, then A1 to Z1, and so on."""
    turn, place = divmod(number, len(LETTERS))
    return f"{LETTERS[place]}{turn or ''}"


def cost_plot(shown: Sequence[PlotPoint], width: int, height: int) -> Markup:
    """Returns the plot as SVG of so many pixels; it needs the page's style sheet."""
    costs = [end for point in shown for end in _ends(point.measures.cost)]
    x = money_scale(costs, _LEFT, width - _RIGHT)
    y = AxisScale(low=0.0, high=1.0, start=height - _BOTTOM, end=_TOP)
    summary = "; ".join(
        f"{point.letter} {point.name}: {number_format.percent(point.measures.success.value)} at "
        f"{number_format.usd(point.measures.cost.value)}"
        for point in shown
    )
    return tag(
        "svg",
        tag("title", f"Success against cost per task. {summary}"),
        _grid(x, y, width, height),
        *_bands(shown, x, y),
        _frontier(shown, x, y),
        *(_cross(point, x, y) for point in shown),
        *(_marker(point, x, y) for point in shown),
        viewBox=f"0 0 {width} {height}",
        role="img",
    )


def _grid(x: AxisScale, y: AxisScale, width: int, height: int) -> Markup:
    floor = height - _BOTTOM
    lines = []
    for share in y.ticks(6):
        at = y.at(share)
        lines.append(tag("line", x1=_LEFT, x2=width - _RIGHT, y1=at, y2=at))
        lines.append(tag("text", f"{100 * share:.0f} %", x=_LEFT - 8, y=at + 4, class_="end"))
    for amount in x.ticks(width // 75):
        at = x.at(amount)
        lines.append(tag("line", x1=at, x2=at, y1=floor, y2=floor + 5))
        lines.append(tag("text", _tick(amount), x=at, y=floor + 19, class_="mid"))
    scale = ", logarithmic" if x.is_log else ""
    middle = (_LEFT + width - _RIGHT) / 2
    lines.append(tag("text", f"cost per task{scale}", x=middle, y=height - 6, class_="mid name"))
    return tag("g", *lines, class_="grid")


def _tick(amount: float) -> str:
    """Returns `$0.002`, `$25` or `$1,000`: a tick is round and needs no further digits."""
    return f"${Decimal(f'{amount:.12g}'):,f}"


def _bands(shown: Sequence[PlotPoint], x: AxisScale, y: AxisScale) -> Iterator[Markup]:
    """Yields a line with its band for set-ups that differ only in their budget."""
    families: dict[tuple[str, ...], list[PlotPoint]] = {}
    for point in shown:
        families.setdefault(_family(point.setup), []).append(point)
    for family in families.values():
        if len(family) < 2:
            continue
        ordered = sorted(family, key=lambda point: point.measures.cost.value)
        places = [x.at(point.measures.cost.value) for point in ordered]
        intervals = [_interval(point.measures.success) for point in ordered]
        above = [(at, y.at(each.high)) for at, each in zip(places, intervals, strict=True)]
        below = [(at, y.at(each.low)) for at, each in zip(places, intervals, strict=True)]
        values = [
            (at, y.at(p.measures.success.value)) for at, p in zip(places, ordered, strict=True)
        ]
        colour = ordered[0].colour
        yield tag("polygon", points=_path([*above, *reversed(below)]), class_=f"band {colour}")
        yield tag("polyline", points=_path(values), class_=f"curve {colour}")


def _frontier(shown: Sequence[PlotPoint], x: AxisScale, y: AxisScale) -> Markup | None:
    """Returns the stairs below which nothing is worth having."""
    on = sorted(
        (point for point in shown if point.is_on_frontier), key=lambda p: p.measures.cost.value
    )
    if not on:
        return None
    stairs: list[tuple[float, float]] = []
    best = 0.0
    for point in on:
        at, share = x.at(point.measures.cost.value), point.measures.success.value
        if share >= best:
            stairs += [(at, y.at(best)), (at, y.at(share))]
            best = share
    return tag("polyline", points=_path([*stairs, (x.end, y.at(best))]), class_="frontier")


def _cross(point: PlotPoint, x: AxisScale, y: AxisScale) -> Markup:
    cost, success = point.measures.cost, point.measures.success
    at_x, at_y = x.at(cost.value), y.at(success.value)
    across, up = _interval(cost), _interval(success)
    return join(
        tag(
            "line",
            x1=x.at(across.low),
            x2=x.at(across.high),
            y1=at_y,
            y2=at_y,
            class_=_whisker(point),
        ),
        tag("line", x1=at_x, x2=at_x, y1=y.at(up.low), y2=y.at(up.high), class_=_whisker(point)),
    )


def _whisker(point: PlotPoint) -> str:
    return f"whisker {point.colour}"


def _marker(point: PlotPoint, x: AxisScale, y: AxisScale) -> Markup:
    cost, success = point.measures.cost, point.measures.success
    at_x, at_y = x.at(cost.value), y.at(success.value)
    told = (
        f"{point.name}: {number_format.percent(success.value)} "
        f"({number_format.percent_interval(success)}) "
        f"at {number_format.usd(cost.value)} a task"
    )
    return tag(
        "g",
        tag("title", told),
        tag("circle", cx=at_x, cy=at_y, r=_RADIUS, class_=f"dot {point.colour}"),
        tag("text", point.letter, x=at_x, y=at_y + 4, class_="mid letter"),
    )


def _family(setup: Setup) -> tuple[str, ...]:
    return (setup.planner, setup.memory, setup.policy)


def _ends(estimate: Estimate) -> tuple[float, float, float]:
    interval = _interval(estimate)
    return (interval.low, estimate.value, interval.high)


def _interval(estimate: Estimate) -> Interval:
    return estimate.interval or Interval(estimate.value, estimate.value)


def _path(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
