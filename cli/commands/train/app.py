"""`outlay train`: its verbs put together."""

from __future__ import annotations

import typer

from .embedded import demo, embedded
from .fit import dpo, rl, sft
from .rows import export, rows

train = typer.Typer(
    help="Turn recorded runs into training data, and train policies.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)


@train.callback()
def root(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


for verb in (rows, export, sft, dpo, rl, embedded, demo):
    train.command()(verb)
