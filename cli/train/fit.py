"""`bursar train sft` and `bursar train rl`: a model learns from recorded runs, or from its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import options
from .needs import need_torch

Model = Annotated[
    Path,
    typer.Option(
        "--model",
        envvar="BURSAR_TRAIN_MODEL",
        metavar="PATH",
        help="An .npz of the embedded transformer, or the folder of a Hugging Face model.",
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        envvar="BURSAR_OUT",
        metavar="PATH",
        help="Where the trained model goes; checkpoint, metrics and curves go beside it.",
    ),
]
Source = Annotated[
    str | None,
    typer.Option(
        "--from",
        envvar="BURSAR_FROM",
        metavar="EXPERIMENT",
        help="Recorded runs to learn from; nothing is played then.",
    ),
]
Rate = Annotated[
    float, typer.Option(envvar="BURSAR_RATE", min=0, help="Learning rate at its highest.")
]
Lora = Annotated[
    int,
    typer.Option(envvar="BURSAR_LORA", min=0, metavar="RANK", help="Train LoRA adapters instead."),
]
Seed = Annotated[int, typer.Option(envvar="BURSAR_SEED", help="Order, and random draws.")]


def sft(
    model: Model,
    out: Out,
    source: Source = None,
    epochs: Annotated[
        int, typer.Option(envvar="BURSAR_EPOCHS", min=1, metavar="N", help="Passes over the runs.")
    ] = 1,
    cheapest: Annotated[
        float,
        typer.Option(
            envvar="BURSAR_CHEAPEST",
            min=0,
            max=1,
            help="Share of each task's right runs that is kept, the cheapest first.",
        ),
    ] = 1.0,
    rate: Rate = 1e-4,
    lora: Lora = 0,
    seed: Seed = 0,
    home: options.Home = None,
    plain: options.Plain = False,
) -> None:
    """Imitate recorded runs that were right.

    Needs torch (`pip install 'bursar[train]'`) and runs with token ids (docs/training.md). A
    training that was broken off goes on when it is started again.
    """
    need_torch()
    from .fitting import Imitation, imitate

    imitate(
        Imitation(
            model=model, out=out, experiment=source, epochs=epochs, cheapest=cheapest, rate=rate,
            lora=lora, seed=seed, home=home,
        ),
        plain=plain,
    )  # fmt: skip


def rl(
    model: Model,
    out: Out,
    source: Source = None,
    suite: Annotated[
        str | None,
        typer.Option(envvar="BURSAR_SUITE", metavar="NAME", help="Whose tasks are played."),
    ] = None,
    knob: Annotated[
        list[str] | None,
        typer.Option(
            envvar="BURSAR_KNOB", metavar="NAME=VALUE", help="A setting of the suite; repeatable."
        ),
    ] = None,
    tasks: Annotated[
        int, typer.Option(envvar="BURSAR_TASKS", min=1, metavar="N", help="Tasks to draw from.")
    ] = 200,
    per_round: Annotated[
        int, typer.Option(envvar="BURSAR_PER_ROUND", min=1, metavar="N", help="Tasks of a round.")
    ] = 20,
    planner: options.Planner = "tracker",
    memory: options.Memory = "full",
    budget: Annotated[
        list[str] | None,
        typer.Option(
            envvar="BURSAR_BUDGET", metavar="LIMITS", help="Of single runs; repeatable, in turn."
        ),
    ] = None,
    total_budget: Annotated[
        str | None,
        typer.Option(
            envvar="BURSAR_TOTAL_BUDGET", metavar="LIMITS", help="Of all rollouts together."
        ),
    ] = None,
    rounds: Annotated[
        int, typer.Option(envvar="BURSAR_ROUNDS", min=1, metavar="N", help="Of play and learning.")
    ] = 20,
    group: Annotated[
        int, typer.Option(envvar="BURSAR_GROUP", min=2, metavar="N", help="Rollouts of a task.")
    ] = 8,
    uniform: Annotated[
        bool,
        typer.Option(
            "--uniform", envvar="BURSAR_UNIFORM", help="The same rollouts for every task."
        ),
    ] = False,
    cost_share: Annotated[
        float,
        typer.Option(
            envvar="BURSAR_COST_SHARE",
            min=0,
            max=1,
            help="Share of the reward that a low cost earns where the answer is right.",
        ),
    ] = 0.2,
    rate: Rate = 1e-4,
    lora: Lora = 0,
    seed: Seed = 0,
    prices: options.Prices = None,
    home: options.Home = None,
    plain: options.Plain = False,
) -> None:
    """Reinforce what was right for little money.

    With --from, off-policy from recorded runs, for nothing. Else by rollouts of the embedded
    transformer on a suite, under one budget for the whole training.
    """
    need_torch()
    from .fitting import Play, Replay, play, replay

    if source is not None:
        replay(
            Replay(
                model=model, out=out, experiment=source, cost_share=cost_share, rate=rate,
                lora=lora, seed=seed, home=home,
            ),
            plain=plain,
        )  # fmt: skip
        return
    play(
        Play(
            model=model, out=out, suite=suite, knobs=knob or [], tasks=tasks,
            per_round=per_round, planner=planner, memory=memory, budgets=budget or [],
            total_budget=total_budget, rounds=rounds, group=group, uniform=uniform,
            cost_share=cost_share, rate=rate, seed=seed, prices=prices, home=home,
        ),
        plain=plain,
    )  # fmt: skip
