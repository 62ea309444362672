"""`outlay train`: its verbs put together."""

from __future__ import annotations

import typer

from .embedded import demo, embedded
from .fit import dpo, rl, sft
from .rows import export, rows

train = typer.Typer(
    help="Turn recorded runs into training data, and train policies.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
for verb in (rows, export, sft, dpo, rl, embedded, demo):
    train.command()(verb)
