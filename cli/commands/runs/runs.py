"""`outlay runs`: the latest runs."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import options


def runs(
    limit: Annotated[
        int, typer.Option(envvar="OUTLAY_LIMIT", min=1, metavar="N", help="The latest N.")
    ] = 20,
    experiment: options.Experiment = None,
    home: options.Home = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """List the latest runs, their answers and costs.

    With --json, one object a run.
    """
    from ....agent import Home
    from ...render.console import console, show
    from ...render.format import write_json
    from ...render.runs_table import latest, table

    found = latest(Home.at(home), limit, experiment)
    if json:
        for row in found:
            write_json(row)
        return
    out = console(plain)
    if found:
        show(out, table(found, out.width))
    else:
        out.print("No runs yet: `outlay run` makes one.", soft_wrap=True)
