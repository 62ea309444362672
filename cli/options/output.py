"""Options of how results are told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Plain = Annotated[
    bool,
    typer.Option(
        "--plain",
        envvar="OUTLAY_PLAIN",
        help="Plain lines, no colour (by itself where the output is no terminal).",
    ),
]
Json = Annotated[bool, typer.Option("--json", envvar="OUTLAY_JSON", help="JSON instead of text.")]
JsonFile = Annotated[
    Path | None,
    typer.Option(
        "--json",
        "--json-file",
        envvar="OUTLAY_JSON_FILE",
        metavar="FILE",
        help="Write one JSON object per run to this file.",
    ),
]
