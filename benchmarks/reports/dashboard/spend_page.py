"""The page of what was spent: by model, tool, token class and day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from .. import number_format
from ..html.markup import Markup, tag
from .layout import page, share, table
from .store_reader import Row

DAYS = 60
"""Days that are shown."""

_CLASSES = {
    "input": "prompt tokens",
    "cache_read": "prompt tokens read from the cache",
    "cache_write": "prompt tokens written to the cache",
    "cache_write_1h": "prompt tokens written to the cache for an hour",
    "correction": "stated by the provider above (below: -) the price",
    "output": "completion tokens",
    "reasoning": "reasoning tokens",
    "call": "price per call",
    "seconds": "price per second",
    "unsettled": "calls without a bill",
}


def spend_page(spent: Sequence[Row], days: Sequence[Row], note: str) -> str:
    """Returns the page.

    Args:
        spent: by kind, name and class: tokens and USD.
        days: by the day on which runs began, in UTC: runs and USD.
        note: why the page may not be of this moment; empty if it is.
    """
    whole = sum((row["usd"] for row in spent), Decimal(0))
    models = [row for row in spent if row["kind"] == "model"]
    tools = [row for row in spent if row["kind"] == "tool"]
    return page(
        "Spend",
        tag("h1", "Spend"),
        tag("p", f"{number_format.usd(float(whole))} in all. Calls without a bill count in full.",
            class_="dim"),
        _section("By model", "model", _sums(models, "name"), whole, tokens=True),
        _section("By tool", "tool", _sums(tools, "name"), whole, tokens=False),
        _section("By class", "class", _sums(spent, "class"), whole, tokens=True),
        _days(days),
        here="Spend",
        note=note,
    )  # fmt: skip


def _sums(rows: Iterable[Row], by: str) -> list[tuple[str, int, Decimal]]:
    sums: dict[str, tuple[int, Decimal]] = {}
    for row in rows:
        tokens, usd = sums.get(row[by], (0, Decimal(0)))
        sums[row[by]] = tokens + (row["tokens"] or 0), usd + row["usd"]
    found = [(name, tokens, usd) for name, (tokens, usd) in sums.items()]
    return sorted(found, key=lambda each: (-each[2], -each[1], each[0]))


def _section(
    title: str, head: str, sums: Sequence[tuple[str, int, Decimal]], whole: Decimal, *, tokens: bool
) -> Markup:
    heads = [head, *(["tokens"] if tokens else []), "USD", "share"]
    rows = [
        tag(
            "tr",
            tag("td", _CLASSES.get(name, name) if head == "class" else name, class_="first"),
            tag("td", f"{count:,}" if count else number_format.NONE, class_="n")
            if tokens
            else None,
            tag("td", number_format.usd(float(usd)), class_="n"),
            _share(usd, whole),
        )
        for name, count, usd in sums
    ]
    body = table(heads, rows, ("tokens", "USD")) if rows else tag("p", "Nothing.", class_="empty")
    return tag("section", tag("h2", title), body, class_="spend")


def _days(days: Sequence[Row]) -> Markup:
    most = max((row["usd"] for row in days), default=Decimal(0))
    rows = [
        tag(
            "tr",
            tag("td", row["day"].isoformat(), class_="first"),
            tag("td", f"{row['runs']:,}", class_="n"),
            tag("td", f"{row['solved']:,}", class_="n"),
            tag("td", number_format.usd(float(row["usd"])), class_="n"),
            _share(row["usd"], most, percent=False),
        )
        for row in days
    ]
    heads = ("day (UTC)", "runs", "solved", "USD", "")
    body = (
        table(heads, rows, ("runs", "solved", "USD"))
        if rows
        else tag("p", "Nothing.", class_="empty")
    )
    return tag("section", tag("h2", "By day on which runs began"), body, class_="spend")


def _share(usd: Decimal, whole: Decimal, *, percent: bool = True) -> Markup:
    part = float(usd / whole) if whole else 0.0
    text = number_format.percent(part)
    label = tag("span", text, class_="dim") if percent else None
    return tag("td", share(part, text), label, class_="share")
