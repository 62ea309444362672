"""The page of one run: its moments, each with the budget that was left after it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from ..html.markup import Markup, join, tag
from .layout import gauge, page, updated
from .queries import RunListItem
from .run_list import runs_table, status_mark
from .trajectory import Gauge, RunDetails, RunSpan

AT_ONCE = 200
"""Moments on a page."""
FOLDED = 600
"""Characters above which an observation is folded away."""
LONGEST = 20_000
"""Characters of a text that a page shows; the whole is in the raw JSON."""


@dataclass(frozen=True, kw_only=True)
class RunRelations:
    """What a run belongs to."""

    parent: str | None
    experiment: str | None
    below: Sequence[RunListItem]
    """Its sub-agents."""
    live: Collection[str]
    """Which of them, itself included, a live process drives."""


def run_page(told: RunDetails, around: RunRelations, part: int, note: str) -> str:
    """Returns the page.

    Args:
        part: which `AT_ONCE` moments, counted from 1; what is beyond the last is the last.
        note: why the page may not be of this moment; empty if it is.
    """
    parts = max(-(-len(told.moments) // AT_ONCE), 1)
    part = min(max(part, 1), parts)
    shown = told.moments[(part - 1) * AT_ONCE : part * AT_ONCE]
    live = told.run in around.live
    return page(
        f"Run {told.run}",
        _crumbs(told, around),
        updated(
            "run",
            _head(told),
            *_below(around),
            _pager(told, part, parts),
            tag("ol", *(_moment(told.run, each) for each in shown), class_="moments"),
            _pager(told, part, parts) if parts > 1 else None,
            live=live,
        ),
        here="Runs",
        note=note,
    )


def _crumbs(told: RunDetails, around: RunRelations) -> Markup:
    name = around.experiment
    parts = [
        tag("a", "runs", href="/"),
        tag("a", name, href=f"/experiments/{quote(name)}") if name else None,
        tag("a", f"parent {around.parent}", href=f"/runs/{around.parent}")
        if around.parent
        else None,
        tag("a", "raw JSON", href=f"/runs/{told.run}.json"),
    ]
    return tag("p", *parts, class_="crumbs")


def _head(told: RunDetails) -> Markup:
    facts = [tag("div", tag("dt", name), tag("dd", value)) for name, value in told.facts if value]
    return tag(
        "header",
        tag("h1", told.task),
        tag("p", status_mark(told.status), tag("code", told.run), class_="state"),
        tag("p", tag("span", "answer", class_="dim"), told.answer, class_="said")
        if told.answer is not None
        else None,
        tag("dl", *facts, class_="facts"),
        _gauges(told.gauges),
        *(tag("p", f"On hold: {line}", class_="notice") for line in told.on_hold),
    )


def _below(around: RunRelations) -> Iterator[Markup]:
    if around.below:
        yield tag("h2", "Sub-agents")
        yield runs_table(around.below, around.live)


def _pager(told: RunDetails, part: int, parts: int) -> Markup:
    if not told.moments:
        return tag("p", "Nothing is recorded of its steps.", class_="empty")
    count = f"{len(told.moments):,} entries"
    if parts == 1:
        return tag("p", count, class_="pager dim")
    before = tag("a", "‹ earlier", href=f"?part={part - 1}") if part > 1 else None
    after = tag("a", "later ›", href=f"?part={part + 1}") if part < parts else None
    return tag("p", before, tag("span", f"part {part} of {parts}, {count}"), after, class_="pager")


def _moment(run: str, moment: RunSpan) -> Markup:
    return tag(
        "li",
        tag(
            "div",
            tag("span", "" if moment.number is None else str(moment.number), class_="step"),
            tag("b", moment.by or "run", class_="by"),
            _tries(moment),
            tag("span", moment.what, class_="what") if moment.what else None,
            class_="line",
        ),
        _text(moment),
        *(_call(*call) for call in moment.calls),
        tag("div", *_costs(run, moment), class_="costs"),
        _gauges(moment.gauges),
        class_=f"moment {moment.sort}{' failed' if moment.failed else ''}",
        id=f"e{moment.seq}",
    )


def _tries(moment: RunSpan) -> Markup | None:
    return tag("span", f"try {moment.attempt}", class_="try") if moment.attempt > 1 else None


def _text(moment: RunSpan) -> Markup | None:
    text = moment.text
    if not text:
        return None
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n… {len(text):,} characters: the raw JSON has them all"
    if moment.sort != "tool" or len(text) <= FOLDED:
        return tag("pre", text)
    first = " ".join(text[:200].split())
    return tag(
        "details",
        tag("summary", tag("span", first, class_="first"),
            tag("span", f"{len(moment.text):,} characters", class_="dim")),
        tag("pre", text),
        id=f"t{moment.seq}",
    )  # fmt: skip


def _call(name: str, arguments: str) -> Markup:
    return tag("p", tag("b", f"→ {name}"), tag("code", arguments), class_="call")


def _costs(run: str, moment: RunSpan) -> Iterator[Markup]:
    for label, value in (
        ("cost", moment.cost),
        ("tokens", moment.tokens),
        ("took", moment.seconds),
    ):
        if value:
            yield tag("span", f"{label} ", tag("b", value))
    yield tag("a", "JSON", href=f"/runs/{run}.json?seq={moment.seq}", class_="raw")


def _gauges(gauges: Sequence[Gauge]) -> Markup | None:
    if not gauges:
        return None
    lines = [
        tag(
            "div",
            tag("span", each.resource, class_="of"),
            gauge(each.used, each.held, f"{each.resource}: {each.text}"),
            tag("span", each.text, class_="left"),
            class_="budget",
        )
        for each in gauges
    ]
    return tag("div", join(*lines), class_="budgets")
