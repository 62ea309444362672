"""`outlay export` and `outlay import`: all events out to Parquet files, and back in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ... import options

To = Annotated[
    Path,
    typer.Argument(
        metavar="PATH", help="FILE.parquet, or a folder: one file for each journal goes there."
    ),
]
From = Annotated[
    Path, typer.Argument(metavar="PATH", help="A file or folder that `outlay export` has written.")
]


def export(path: To, home: options.Home = None) -> None:
    """Write all events to Parquet, for archives and other programs.

    Each event keeps its id, and its line as it was written, in the column `body`.
    """
    from ....agent import Home
    from ....journal.store.parquet import export_events
    from ...render.format import count

    events = export_events(Home.at(home).store, path)
    typer.echo(f"{count(events, 'event')} written to {path}")


def bring(path: From, home: options.Home = None) -> None:
    """Add the events of an export that are not there yet.

    They go into the journals that they came from. Importing twice changes nothing.
    """
    from ....agent import Home
    from ....journal.store.parquet import import_events
    from ...render.format import count

    events = import_events(Home.at(home).store, path)
    typer.echo(f"{count(events, 'new event')} from {path}")
