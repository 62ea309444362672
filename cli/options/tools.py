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
Mcp = Annotated[
    list[str] | None,
    typer.Option(
        envvar="OUTLAY_MCP",
        metavar="SERVER",
        help="An MCP server, as a command line or URL, whose tools are added; repeatable.",
    ),
]
McpEnv = Annotated[
    list[str] | None,
    typer.Option(
        envvar="OUTLAY_MCP_ENV",
        metavar="[SERVER:]NAME",
        help="A variable of yours that an MCP server's command gets; repeatable.",
    ),
]
McpHeader = Annotated[
    list[str] | None,
    typer.Option(
        envvar="OUTLAY_MCP_HEADER",
        metavar="[SERVER:]HEADER=NAME",
        help="A header for an MCP server's URL, its value from a variable; repeatable.",
    ),
]
