"""The page of runs: newest first, filtered, the live ones kept up to date."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from decimal import Decimal
from urllib.parse import urlencode

from .. import number_format
from ..html.markup import Markup, tag
from .layout import gauge, moment, older, one_line, page, table, updated, void
from .queries import STATUSES, FilterChoices, ListPage, PageCursor, RunFilters, RunListItem

HEADS = (
    *("run", "task", "planner", "memory", "model", "status", "solved"),
    *("USD of budget", "calls", "started"),
)
_NUMBERS = ("USD of budget", "calls")


def run_list(
    found: ListPage[RunListItem],
    filters: RunFilters,
    *,
    before: PageCursor | None,
    offered: FilterChoices,
    live: Collection[str],
    note: str,
) -> str:
    """Returns the page.

    Args:
        live: runs that a live process drives.
        note: why the page may not be of this moment; empty if it is.
    """
    return page(
        "Runs",
        tag("h1", "Runs"),
        _form(filters, offered),
        updated("runs", *_body(found, filters, before, live), live=before is None),
        here="Runs",
        note=note,
    )


def runs_table(rows: Sequence[RunListItem], live: Collection[str]) -> Markup:
    """Returns runs as a table, a line each."""
    return table(HEADS, [_row(row, row.facts["run"] in live) for row in rows], _NUMBERS)


def status_of(run: RunListItem, live: Collection[str]) -> str:
    """Returns how a run ended, or `running` or `interrupted`."""
    return run.facts["status"] or ("running" if run.facts["run"] in live else "interrupted")


def _body(
    found: ListPage[RunListItem],
    filters: RunFilters,
    before: PageCursor | None,
    live: Collection[str],
) -> list[Markup]:
    if not found.rows:
        return [_nothing(filters, before)]
    first = f"/?{urlencode(_given(filters))}"
    more = f"/?{urlencode({**_given(filters), 'before': str(found.more)})}" if found.more else None
    return [runs_table(found.rows, live), older(more, first if before else None)]


def _nothing(filters: RunFilters, before: PageCursor | None) -> Markup:
    if before is not None or _given(filters):
        return tag("p", "No run is like that. ", tag("a", "All runs", href="/"), class_="empty")
    return tag(
        "p", "No runs yet: ", tag("code", "outlay run"), " makes one, and it shows up here.",
        class_="empty",
    )  # fmt: skip


def _row(run: RunListItem, live: bool) -> Markup:
    facts = run.facts
    status = status_of(run, (facts["run"],) if live else ())
    task = one_line(facts["task"])
    model = one_line(facts["model"])
    return tag(
        "tr",
        tag("td", tag("a", facts["run"], href=f"/runs/{facts['run']}"), class_="id"),
        tag("td", task, class_="wide", title=task),
        tag("td", one_line(facts["planner"])),
        tag("td", one_line(facts["memory"])),
        tag("td", model.rpartition("/")[2], title=model, class_="name"),
        tag("td", status_mark(status)),
        tag("td", solved_mark(facts["success"])),
        tag("td", _money(run), class_="n money"),
        tag("td", f"{facts['calls']:,}", class_="n"),
        tag("td", moment(facts["started"]), class_="when"),
    )


def status_mark(status: str) -> Markup:
    """Returns a run's status in its colour."""
    return tag("span", status.replace("_", " "), class_=f"status {status}")


def solved_mark(success: bool | None) -> Markup:
    """Returns a tick, a cross, or a dash where nobody has judged."""
    if success is None:
        return tag("span", number_format.NONE, class_="dim", title="not judged")
    sign, word = ("✓", "solved") if success else ("✗", "not solved")
    return tag("span", sign, class_="yes" if success else "no", title=word)


def _money(run: RunListItem) -> Markup:
    usd: Decimal = run.facts["usd"]
    text = f"{'≥ ' if run.facts['unpriced'] else ''}{number_format.usd(float(usd))}"
    if run.limit is None:
        return tag("span", text)
    of = f"{text} of {number_format.usd(float(run.limit))}"
    share = float(usd / run.limit) if run.limit else 1.0
    return tag("span", tag("span", of), gauge(share, 0.0, of))


def _form(filters: RunFilters, offered: FilterChoices) -> Markup:
    options = {**asdict(offered), "status": STATUSES}
    selects = [_select(name, getattr(filters, name), values) for name, values in options.items()]
    search = void(
        "input", type="search", name_="text", value=filters.text, placeholder="text in the task",
        aria_label="text in the task",
    )  # fmt: skip
    chosen = void("input", type="hidden", name_="experiment", value=filters.experiment)
    clear = tag("a", "clear", href="/") if _given(filters) else None
    named = tag("span", "experiment ", tag("code", filters.experiment), class_="dim")
    return tag(
        "form", *selects, search, tag("button", "Filter"),
        *((chosen, named) if filters.experiment else ()), clear, method="get", action="/",
        class_="filters",
    )  # fmt: skip


def _select(name: str, chosen: str, values: Sequence[str]) -> Markup:
    known = [*values, *([chosen] if chosen and chosen not in values else ())]
    options = [
        tag(
            "option", value.replace("_", " "), value=value,
            selected="selected" if value == chosen else None,
        )
        for value in known
    ]  # fmt: skip
    return tag("select", tag("option", f"any {name}", value=""), *options, name_=name,
               aria_label=name)  # fmt: skip


def _given(filters: RunFilters) -> dict[str, str]:
    return {name: value for name, value in asdict(filters).items() if value}
