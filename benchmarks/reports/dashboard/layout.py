"""What all pages share: the head, the ways between them, gauges, moments of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ..html.markup import Markup, join, tag

NEARLY = 0.9
"""Share of a limit above which a gauge is red."""

PAGES = {"Runs": "/", "Experiments": "/experiments", "Spend": "/spend"}


def page(title: str, *content: Markup | None, here: str = "", note: str = "") -> str:
    """Returns a page.

    Args:
        content: what stands on it.
        here: which of `PAGES` it belongs to.
        note: said above everything else; empty for nothing.
    """
    links = [
        tag("a", name, href=href, aria_current="page" if name == here else None)
        for name, href in PAGES.items()
    ]
    head = tag(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        tag("title", f"{title} · outlay"),
        Markup('<link rel="icon" href="data:,">'),
        Markup('<link rel="stylesheet" href="/view.css">'),
        Markup('<script src="/view.js" defer></script>'),
    )
    body = tag(
        "body",
        tag("nav", tag("b", "outlay"), *links),
        tag("main", tag("p", note, class_="notice", role="status") if note else None, *content),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def message(title: str, text: str) -> str:
    """Returns a page that says one thing."""
    return page(title, tag("h1", title), tag("p", text))


def updated(name: str, *content: str | None, live: bool) -> Markup:
    """Returns a part of a page; a live one is fetched again every two seconds."""
    return tag("div", *content, id=name, data_live="yes" if live else None)


def gauge(used: float, held: float, label: str) -> Markup:
    """Returns a bar: what is used, what is held, and the rest empty; red where little is left.

    Args:
        used: share of the limit; what is above 1 fills the bar.
        held: share of the limit.
        label: the same in words.
    """
    used = min(max(used, 0.0), 1.0)
    held = min(max(held, 0.0), 1.0 - used)
    return _bar(used, held, label, "gauge full" if used + held > NEARLY else "gauge")


def share(part: float, label: str) -> Markup:
    """Returns a bar for a part of a whole, which may well be all of it."""
    return _bar(part, 0.0, label, "gauge")


def _bar(used: float, held: float, label: str, kind: str) -> Markup:
    return tag(
        "svg",
        tag("title", label),
        tag("rect", class_="used", width=100 * used, height=10.0),
        tag("rect", class_="held", x=100 * used, width=100 * held, height=10.0),
        class_=kind, viewBox="0 0 100 10", preserveAspectRatio="none",
        role="img", aria_label=label,
    )  # fmt: skip


def moment(utc: datetime) -> Markup:
    """Returns a time of the store, which has no zone, in the zone of this machine."""
    local = utc.replace(tzinfo=UTC).astimezone()
    shown = f"{local:%b} {local.day} {local:%H:%M:%S}"
    return tag("time", shown, datetime=local.isoformat(timespec="seconds"), title=str(local))


def table(heads: Sequence[str], rows: Sequence[Markup], numbers: Sequence[str] = ()) -> Markup:
    """Returns a table.

    Args:
        heads: names of the columns.
        numbers: those that are set to the right.
    """
    cells = [tag("th", head, class_="n" if head in numbers else None) for head in heads]
    body = tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *rows))
    return tag("div", body, class_="scroll")


def void(name: str, **attributes: str | None) -> Markup:
    """Returns an element that has no content, such as an `input`."""
    return Markup(tag(name, **attributes).removesuffix(f"</{name}>"))


def one_line(text: str | None, most: int = 300) -> str:
    """Returns the beginning of a text on one line."""
    return " ".join((text or "")[: 4 * most].split())[:most]


def older(href: str | None, newest: str | None) -> Markup:
    """Returns the links to the next page and to the first one, those that there are."""
    first = tag("a", "‹ newest", href=newest) if newest else None
    rest = tag("a", "older ›", href=href) if href else None
    return tag("p", join(first, rest), class_="pager")
