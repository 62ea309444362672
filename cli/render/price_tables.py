"""Prices of models and tools as tables and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...ledger.prices.price_book import BUILT_IN as FREE_POLICIES
from ...ledger.prices.price_book import ModelPrice, PriceBook, ToolPrice
from ...ledger.usage import CLASSES
from . import format


def model_table(price: ModelPrice) -> RenderableType:
    """Returns the price of a model: a row for each token class, a column for each tier."""
    thresholds = sorted({above for name in CLASSES for above, _ in getattr(price, name).tiers})
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("USD per million tokens")
    table.add_column("any prompt" if not thresholds else "shorter", justify="right")
    for above in thresholds:
        table.add_column(f"prompt > {above:,}", justify="right")
    for name in CLASSES:
        rate = getattr(price, name)
        steps = [rate.base, *(rate.at(above + 1) for above in thresholds)]
        table.add_row(name, *map(format.exact_usd, steps))
    rest = []
    if price.per_call:
        rest.append(f"{format.exact_usd(price.per_call)} per call")
    if price.per_second:
        rest.append(f"{format.exact_usd(price.per_second)} per second")
    lines: list[RenderableType] = [Text(price.name, style="bold"), table, *map(Text, rest)]
    return Group(*lines, Text(f"source: {price.source}", style="dim"))


def tool_line(price: ToolPrice) -> Text:
    """Returns the price of a tool on one line."""
    per = [f"{format.exact_usd(usd)} per {argument}" for argument, usd in price.per.items()]
    paid = " + ".join([f"{format.exact_usd(price.call)} per call", *per])
    return Text.assemble((price.name, "bold"), f"  {paid}  ", (f"source: {price.source}", "dim"))


def everything(book: PriceBook, path: Path | None) -> RenderableType:
    """Returns the entries of the prices file, and where other prices come from."""
    parts: list[RenderableType] = []
    if path is not None:
        parts.append(Text(f"{path}", style="bold"))
    for price in book.models.values():
        parts += [model_table(price), Text()]
    parts += [tool_line(tool) for tool in book.tools.values()]
    if book.tools:
        parts.append(Text())
    count, version = known_models()
    free = ", ".join(FREE_POLICIES)
    parts += [
        Text(f"built in   {count:,} public models (genai-prices {version}); free: {free}"),
        Text("look up    outlay prices openai/gpt-5-mini"),
        Text("override   outlay prices --prices FILE   (TOML: docs/prices.md)"),
    ]
    return Group(*parts)


def known_models() -> tuple[int, str]:
    """Returns how many public models have a price, and the version of the data."""
    from genai_prices import __version__
    from genai_prices.data_snapshot import get_snapshot

    providers = get_snapshot().providers
    return sum(len(provider.models) for provider in providers), __version__


def as_json(prices: Mapping[str, ModelPrice | ToolPrice]) -> dict[str, Any]:
    return {name: _fields(price) for name, price in prices.items()}


def _fields(price: ModelPrice | ToolPrice) -> dict[str, Any]:
    """Returns a price by field; a rate is USD per million tokens, with its tiers if any."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(price):
        value = getattr(price, field.name)
        if field.name in CLASSES:
            steps = [{"above": above, "usd": usd} for above, usd in value.tiers]
            value = {"usd": value.base, "tiers": steps} if steps else value.base
        found[field.name] = dict(value) if isinstance(value, Mapping) else value
    return found
