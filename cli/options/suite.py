"""Options of suites: which tasks are run, and how often."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def tasks(help: str) -> Any:
    """Returns `--tasks` with a verb's own help."""
    return typer.Option(envvar="OUTLAY_TASKS", min=1, metavar="N", help=help)


def seed(help: str) -> Any:
    """Returns `--seed` with a verb's own help."""
    return typer.Option(envvar="OUTLAY_SEED", help=help)


def suite(help: str) -> Any:
    """Returns `--suite` with a verb's own help."""
    return typer.Option("--suite", envvar="OUTLAY_SUITE", metavar="NAME", help=help)


Seed = Annotated[int, seed("Which tasks, and the policy's sampling.")]
Repeats = Annotated[
    int, typer.Option(envvar="OUTLAY_REPEATS", min=1, metavar="N", help="Runs of each task.")
]
Concurrency = Annotated[
    int,
    typer.Option(envvar="OUTLAY_CONCURRENCY", min=1, metavar="N", help="Runs under way at once."),
]
Knobs = Annotated[
    list[str] | None,
    typer.Option(
        "--knob",
        envvar="OUTLAY_KNOB",
        metavar="NAME=VALUE",
        help="A setting of the suite; repeatable.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        envvar="OUTLAY_STRICT",
        help="Refuse data of which a record would be left out.",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        envvar="OUTLAY_DATA", metavar="PATH", help="The suite's data, as it is published."
    ),
]
