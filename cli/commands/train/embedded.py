"""`outlay train embedded` and `outlay train demo`: the transformer that ships, made anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ... import options

Out = Annotated[
    Path,
    typer.Option(
        envvar="OUTLAY_OUT",
        metavar="FILE.npz",
        help="Where the weights go; FILE.sft.npz, the log FILE.jsonl and its curves FILE.svg go "
        "beside them.",
    ),
]
Seed = Annotated[
    int | None,
    options.seed("Fixes the episodes and the first weights."),
]


def embedded(
    out: Out = Path("tiny.npz"),
    tokens: Annotated[
        int | None,
        typer.Option(
            envvar="OUTLAY_TOKENS", metavar="N", min=1_000, help="Tokens of experts' episodes."
        ),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(envvar="OUTLAY_ROUNDS", metavar="N", min=1, help="Rounds of reinforcement."),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            envvar="OUTLAY_START", metavar="FILE.npz", help="Weights to go on from, at half rate."
        ),
    ] = None,
    seed: Seed = None,
    plain: options.Plain = False,
) -> None:
    """Train the embedded transformer: imitation of experts, then reinforcement.

    Needs torch (`pip install 'outlay[train]'`). The result is a model string:
    `--model embedded:tiny.npz`.
    """
    from ....embedded.school.recipe import Recipe, further
    from ...train.embedded_training import carry_out

    recipe = Recipe() if start is None else further(start)
    if tokens is not None:
        recipe = replace(recipe, study=replace(recipe.study, tokens=tokens))
    if rounds is not None:
        recipe = replace(recipe, practice=replace(recipe.practice, rounds=rounds))
    carry_out(recipe, out, seed=seed, plain=plain)


def demo(out: Out = Path("demo.npz"), seed: Seed = None, plain: options.Plain = False) -> None:
    """Train a small one in minutes; show success and cost before and after.

    Needs torch (`pip install 'outlay[train]'`).
    """
    from ....embedded.school.recipe import SMALL
    from ...train.embedded_training import carry_out

    carry_out(SMALL, out, seed=seed, plain=plain)
