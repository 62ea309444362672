"""Options of the planner and of the memory."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def planner(help: str, metavar: str = "NAME") -> Any:
    """Returns `--planner` with a verb's own help."""
    return typer.Option(envvar="OUTLAY_PLANNER", metavar=metavar, help=help)


def memory(help: str, metavar: str = "NAME") -> Any:
    """Returns `--memory` with a verb's own help."""
    return typer.Option(envvar="OUTLAY_MEMORY", metavar=metavar, help=help)


Planner = Annotated[str, planner("The strategy.")]
Planners = Annotated[str, planner("The strategies, e.g. react,tracker.", "NAMES")]
Memory = Annotated[str, memory("What the policy sees of its trajectory.")]
