"""`outlay forget`: a run is taken out of the store and the journals."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import options


def forget(
    run: options.RunId,
    yes: Annotated[
        bool, typer.Option("--yes", envvar="OUTLAY_YES", help="Do not ask first.")
    ] = False,
    home: options.Home = None,
) -> None:
    """Remove a run from store and journals, for good."""
    from ....agent import Home

    place = Home.at(home)
    events = place.events(run)
    if not yes:
        typer.confirm(f"Remove run {run} and its {len(events)} events for good?", abort=True)
    place.forget(run)
    typer.echo(f"run {run} is forgotten: {len(events)} events removed")
