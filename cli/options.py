"""The options that verbs share: one name, one variable and one meaning everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option(
        envvar="OUTLAY_HOME",
        metavar="DIR",
        help="Folder of journals and store (default: .outlay in this folder).",
    ),
]
Prices = Annotated[
    Path | None,
    typer.Option(
        envvar="OUTLAY_PRICES",
        metavar="FILE",
        help="TOML file of prices that stand above the built-in ones.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "--policy",
        envvar="OUTLAY_MODEL",
        metavar="MODEL",
        help="Who decides: openai/NAME, http://HOST:PORT/v1#NAME, embedded, "
        "embedded:FILE.npz, embedded:reader, human, scripted:FILE.json, or router:CHEAP,DEAR.",
    ),
]
Planner = Annotated[
    str, typer.Option(envvar="OUTLAY_PLANNER", metavar="NAME", help="The strategy.")
]
Memory = Annotated[
    str,
    typer.Option(
        envvar="OUTLAY_MEMORY", metavar="NAME", help="What the policy sees of its trajectory."
    ),
]
Plain = Annotated[
    bool,
    typer.Option(
        "--plain",
        envvar="OUTLAY_PLAIN",
        help="Plain lines, no colour (by itself where the output is no terminal).",
    ),
]
Json = Annotated[bool, typer.Option("--json", envvar="OUTLAY_JSON", help="JSON instead of text.")]
Planners = Annotated[
    str,
    typer.Option(
        envvar="OUTLAY_PLANNER", metavar="NAMES", help="The strategies, e.g. react,tracker."
    ),
]
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
System = Annotated[
    str, typer.Option(envvar="OUTLAY_SYSTEM", metavar="TEXT", help="Added to the system message.")
]
Data = Annotated[
    Path | None,
    typer.Option(
        envvar="OUTLAY_DATA", metavar="PATH", help="The suite's data, as it is published."
    ),
]
