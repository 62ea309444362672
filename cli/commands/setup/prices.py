"""`outlay prices`: what models and tools cost, and where the prices are from."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import options


def prices(
    name: Annotated[
        str | None,
        typer.Argument(help="A model, e.g. openai/gpt-5-mini, or a tool of the prices file."),
    ] = None,
    prices: options.Prices = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """Show what a model costs, and where the price is from.

    Without a name: the prices file's own entries, and what is built in.
    """
    from ....ledger.prices.price_book import PriceBook
    from ...render.console import console, show
    from ...render.format import write_json
    from ...render.price_tables import as_json, everything, model_table, tool_line

    book = PriceBook.load(prices)
    out = console(plain)
    if name is None:
        if json:
            write_json({**as_json(book.models), **as_json(book.tools)})
        else:
            show(out, everything(book, prices))
        return
    tool = book.tool(name)
    if json:
        write_json(as_json({name: tool or book.model(name)}))
    elif tool is not None:
        out.print(tool_line(tool), soft_wrap=True)
    else:
        show(out, model_table(book.model(name)))
