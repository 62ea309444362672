"""Options of the tools that an agent has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Docs = Annotated[
    Path | None,
    typer.Option(
        envvar="OUTLAY_DOCS",
        metavar="DIR",
        help="Folder of your documents, for the tools `search` and `open`.",
    ),
]
Tools = Annotated[
    list[str] | None,
    typer.Option(
        "--tool",
        envvar="OUTLAY_TOOL",
        metavar="NAME",
        help="A further tool that `outlay tools` lists; repeatable.",
    ),
]
Yes = Annotated[
    bool,
    typer.Option(
        "--yes",
        envvar="OUTLAY_YES",
        help="Approve shell commands that cost nothing without asking.",
    ),
]
