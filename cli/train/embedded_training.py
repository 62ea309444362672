"""Carries out a training of the embedded transformer and tells how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ...embedded.school.recipe import Recipe, RecipeMeasurement, curves, log_to, train
from ...ledger.errors import UsageError
from ...training.loop.metrics import draw
from ..render.console import console, show
from ..render.format import NONE


def carry_out(recipe: Recipe, out: Path, *, seed: int | None, plain: bool) -> None:
    """Trains, prints a line now and then, and at last what was measured.

    Args:
        seed: of imitation and reinforcement; None means the recipe's own.

    Raises:
        UsageError: the weights cannot be written where they should go.
    """
    if out.suffix != ".npz" or not out.parent.is_dir():
        raise UsageError(f"{out} cannot be written: name a file .npz in a folder that is there")
    if seed is not None:
        study, practice = replace(recipe.study, seed=seed), replace(recipe.practice, seed=seed)
        recipe = replace(recipe, study=study, practice=practice)
    screen = console(plain)
    log, picture = out.with_suffix(".jsonl"), out.with_suffix(".svg")
    log.unlink(missing_ok=True)
    told = log_to(log, lambda event, numbers: _tell(screen, event, numbers))
    show(screen, table(train(recipe, out, told)))
    picture.write_text(draw(curves(log)), encoding="utf-8")
    screen.print(
        f"weights: {out}; use them with --model embedded:{out}; curves: {picture}", soft_wrap=True
    )


def table(found: Sequence[RecipeMeasurement]) -> Table:
    """Returns measurements as a table, one row a policy and budget."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("policy", "budget", "success", "cost", "old facts checked"):
        shown.add_column(heading, justify="left" if heading == "policy" else "right")
    for row in found:
        shown.add_row(
            row.policy,
            NONE if row.units is None else str(row.units),
            f"{row.success:.3f}",
            f"{row.cost:.2f}",
            NONE if row.checked is None else f"{row.checked:.2f}",
        )
    return shown


def _tell(screen: Console, event: str, numbers: dict[str, Any]) -> None:
    if event == "study":
        text = (
            f"imitation: {numbers['tokens']:,} tokens, loss {numbers['loss']:.3f}, "
            f"tokens right {numbers['accuracy']:.1%}"
        )
    elif event == "round":
        text = (
            f"round {numbers['number'] + 1}: success {numbers['success']:.2f}, "
            f"cost {numbers['cost']:.2f}, entropy {numbers['entropy']:.3f}"
        )
    else:
        text = (
            f"{numbers['policy']} at {numbers['units'] or 'no'} budget: "
            f"success {numbers['success']:.3f}, cost {numbers['cost']:.2f}"
        )
    show(screen, text)
