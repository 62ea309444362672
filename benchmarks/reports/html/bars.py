"""Where the money went, step by step to its sum, and how much of each limit was used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from ....ledger.resources import is_money
from ...spending import CapUse, PurposeSpending, SpendingSummary
from .. import number_format
from .markup import Markup, tag
from .plot import PlotPoint


def waterfalls(bills: Sequence[SpendingSummary], points: Sequence[PlotPoint]) -> Iterator[Markup]:
    """Yields a waterfall of each set-up, all to the same scale."""
    by_setup = {point.setup: point for point in points}
    whole = max((sum(part.usd for part in bill.spending) for bill in bills), default=0.0)
    for bill in bills:
        point = by_setup.get(bill.setup)
        if point is None or not bill.spending or not isfinite(whole):
            continue
        total = sum(part.usd for part in bill.spending)
        rows, before = [], 0.0
        for part in bill.spending:
            share = number_format.percent(part.usd / total)
            rows.append(_bar(_purpose(part), before / whole, part.usd / whole, part.usd, share, ""))
            before += part.usd
        rows.append(_bar("per task", 0.0, total / whole, total, "", " sum"))
        yield tag(
            "section",
            _heading(point),
            tag("div", *rows, class_="bars"),
            class_=f"fall {point.colour}",
        )


def _bar(label: str, start: float, size: float, usd: float, share: str, kind: str) -> Markup:
    inside = tag("i", style=f"margin-left:{100 * start:.2f}%;width:{100 * size:.2f}%")
    return tag(
        "div",
        tag("span", label),
        tag("span", inside, class_="track"),
        tag("span", number_format.usd(usd), class_="num"),
        tag("span", share, class_="num dim"),
        class_=f"bar{kind}",
    )


def limits(bills: Sequence[SpendingSummary], points: Sequence[PlotPoint]) -> Iterator[Markup]:
    """Yields, for each set-up with limits, what was used of them."""
    by_setup = {point.setup: point for point in points}
    for bill in bills:
        point = by_setup.get(bill.setup)
        if point is not None and bill.caps:
            rows = [_cap(use) for use in bill.caps]
            yield tag(
                "section",
                _heading(point),
                tag("div", *rows, class_="bars"),
                class_=f"fall {point.colour}",
            )


def _cap(use: CapUse) -> Markup:
    share = min(use.used / float(use.cap), 1.0) if use.cap else 0.0
    in_usd = is_money(use.resource)
    used = number_format.usd(use.used) if in_usd else number_format.quantity(use.used)
    cap = number_format.usd(float(use.cap)) if in_usd else f"{use.cap:,}"
    at_cap = "" if use.at_cap is None else f"{number_format.percent(use.at_cap)} used all"
    return tag(
        "div",
        tag("span", use.resource.replace("_", " ")),
        tag("span", tag("i", style=f"width:{100 * share:.2f}%"), class_="track cap"),
        tag("span", f"{used} of {cap}", class_="num"),
        tag("span", at_cap, class_="num dim"),
        class_="bar limit",
    )


def _heading(point: PlotPoint) -> Markup:
    return tag("h3", tag("b", point.letter, class_=f"key {point.colour}"), f" {point.name}")


def _purpose(part: PurposeSpending) -> str:
    return f"{part.node}: {part.tool}" if part.tool else part.node
