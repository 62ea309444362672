"""Options of what may be spent."""

from __future__ import annotations

from typing import Any

import typer


def budget(help: str) -> Any:
    """Returns `--budget` with a verb's own help."""
    return typer.Option(envvar="OUTLAY_BUDGET", metavar="LIMITS", help=help)


def total_budget(help: str) -> Any:
    """Returns `--total-budget` with a verb's own help."""
    return typer.Option(envvar="OUTLAY_TOTAL_BUDGET", metavar="LIMITS", help=help)
