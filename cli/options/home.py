"""Options of where runs are recorded and where prices are from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def experiment(help: str) -> Any:
    """Returns `--experiment` with a verb's own help."""
    return typer.Option(envvar="OUTLAY_EXPERIMENT", metavar="ID", help=help)


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
Experiment = Annotated[str | None, experiment("Only the runs of one experiment.")]
RunId = Annotated[str, typer.Argument(help="The run's id, as `outlay runs` lists it.")]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        envvar="OUTLAY_TRUST",
        help="Let a record act that you have not started here, without asking.",
    ),
]
