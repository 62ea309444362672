"""Options of who decides."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def model(help: str) -> Any:
    """Returns `--model` with a verb's own help."""
    return typer.Option("--model", "--policy", envvar="OUTLAY_MODEL", metavar="MODEL", help=help)


Model = Annotated[
    str | None,
    model(
        "Who decides: openai/NAME, google/NAME, langchain:PROVIDER/NAME, "
        "http://HOST:PORT/v1#NAME, embedded, embedded:FILE.npz, embedded:reader, human, "
        "scripted:FILE.json, or router:CHEAP,DEAR."
    ),
]
System = Annotated[
    str, typer.Option(envvar="OUTLAY_SYSTEM", metavar="TEXT", help="Added to the system message.")
]
