"""Options of who decides."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer


class ToolProtocol(StrEnum):
    auto = "auto"
    native = "native"
    text = "text"


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
Temperature = Annotated[
    float | None,
    typer.Option(envvar="OUTLAY_TEMPERATURE", min=0.0, help="Sampling of the policy."),
]
MaxOutput = Annotated[
    list[str] | None,
    typer.Option(
        envvar="OUTLAY_MAX_OUTPUT",
        metavar="[PURPOSE=]N",
        help="Output tokens of one policy call, or of those of a purpose (think=512).",
    ),
]
Stream = Annotated[
    bool, typer.Option("--stream", envvar="OUTLAY_STREAM", help="Ask the server for streams.")
]
ToolProtocolName = Annotated[
    ToolProtocol | None,
    typer.Option(
        "--tool-protocol",
        envvar="OUTLAY_TOOL_PROTOCOL",
        help="native: only calls that come as such; text: for servers that take no tools.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        envvar="OUTLAY_TIMEOUT", min=0.001, metavar="S", help="Seconds of one policy call."
    ),
]
