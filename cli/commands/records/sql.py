"""`outlay sql`: a query over everything that was recorded."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import options


def sql(
    query: Annotated[
        str | None, typer.Argument(help='A query, e.g. "SELECT * FROM unified_cost".')
    ] = None,
    schema: Annotated[
        bool,
        typer.Option("--schema", envvar="OUTLAY_SCHEMA", help="List the views and their columns."),
    ] = False,
    csv: Annotated[
        bool, typer.Option("--csv", envvar="OUTLAY_CSV", help="CSV instead of a table.")
    ] = False,
    home: options.Home = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """Query runs, calls and costs in SQL.

    Works while runs are live, and cannot change anything. With --json, one object a row.
    """
    from ....ledger.errors import UsageError
    from ...render.query_rows import schema_rows, write_csv, write_json_rows, write_table

    if bool(query) == schema:
        raise UsageError("give a query, or --schema for the views that there are")
    if query is None:
        found = schema_rows()
    else:
        from ....agent import Home

        found = Home.at(home).store.query(query)
    if json:
        write_json_rows(found)
    elif csv:
        write_csv(found)
    else:
        write_table(found, plain)
