"""Rows of a query as a table, CSV or JSON lines."""

from __future__ import annotations

import csv
import sys
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...journal.foreign_text import one_line
from ...journal.store import views
from ...journal.store.store import QueryResult
from . import format
from .console import console, show

_ENDLESS = 1_000_000
_WIDEST = 60
"""Columns of a cell of a table; longer values are cut there, but never in CSV or JSON."""


def schema_rows() -> QueryResult:
    """Returns the columns of every view, with what they mean."""
    columns = ((name, column) for name in views.NAMES for column in views.view(name).columns)
    rows = [(name, c.name, c.type, c.text) for name, c in columns]
    return QueryResult(("view", "column", "type", "meaning"), rows)


def write_table(found: QueryResult, plain: bool) -> None:
    """Prints a table; where a terminal is too narrow for it, a line for each value."""
    out = console(plain)
    table = _table(found)
    width = out.measure(table, options=out.options.update(width=_ENDLESS)).maximum
    if out.is_terminal and width > out.width:
        _write_values(found, out)
    else:
        show(out, table, width=max(width, 1))
    out.print(Text(format.count(len(found.rows), "row"), style="dim"))


def _table(found: QueryResult) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for place, name in enumerate(found.columns):
        is_number = any(isinstance(row[place], int | float | Decimal) for row in found.rows)
        justify: Literal["left", "right"] = "right" if is_number else "left"
        table.add_column(Text(one_line(name)), justify=justify, no_wrap=True)
    for row in found.rows:
        table.add_row(*(_cell(value, _WIDEST) for value in row))
    return table


def _write_values(found: QueryResult, out: Console) -> None:
    width = max(map(len, found.columns))
    for row in found.rows:
        for name, value in zip(found.columns, row, strict=True):
            cell = _cell(value, max(out.width - width - 2, 20))
            out.print(Text.assemble((f"{one_line(name):<{width}}  ", "dim"), cell))
        out.print()


def write_csv(found: QueryResult) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(found.columns)
    writer.writerows(map(_as_text, row) for row in found.rows)


def _as_text(value: Any) -> Any:
    return format.digits(value) if isinstance(value, Decimal) else value


def write_json_rows(found: QueryResult) -> None:
    for row in found.rows:
        format.write_json(dict(zip(found.columns, row, strict=True)))


def _cell(value: Any, widest: int) -> Text:
    if value is None:
        return Text(format.NONE, style="dim")
    if isinstance(value, Decimal):
        return Text(format.digits(value))
    if isinstance(value, datetime):
        return Text(value.isoformat(" ", "seconds"))
    if isinstance(value, float):
        return Text(f"{value:.6g}")
    text = Text(one_line(str(value)))
    text.truncate(widest, overflow="ellipsis")
    return text
