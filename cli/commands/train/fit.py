"""`outlay train sft`, `dpo` and `rl`: a model learns from recorded runs, or from its own."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import options
from ...options import training
from ...train.require_torch import need_torch


def sft(
    model: training.Model,
    out: training.Out,
    source: training.Source = None,
    epochs: training.Epochs = 1,
    cheapest: Annotated[
        float,
        typer.Option(
            envvar="OUTLAY_CHEAPEST",
            min=0,
            max=1,
            help="Share of each task's right runs that is kept, the cheapest first.",
        ),
    ] = 1.0,
    rate: training.Rate = 1e-4,
    lora: training.Lora = 0,
    device: training.On = None,
    seed: training.Seed = 0,
    home: options.Home = None,
    plain: options.Plain = False,
) -> None:
    """Imitate recorded runs that were right.

    Needs torch (`pip install 'outlay[train]'`) and runs with token ids (docs/training.md). A
    training that was broken off goes on when it is started again.
    """
    need_torch()
    from ...train.offline_training import SftRequest, imitate

    imitate(
        SftRequest(
            model=model, out=out, experiment=source, epochs=epochs, cheapest=cheapest, rate=rate,
            lora=lora, device=device, seed=seed, home=home,
        ),
        plain=plain,
    )  # fmt: skip


def dpo(
    model: training.Model,
    out: training.Out,
    source: training.Source = None,
    epochs: training.Epochs = 1,
    beta: Annotated[
        float,
        typer.Option(
            envvar="OUTLAY_BETA", min=0, help="How dearly the model pays for what it unlearns."
        ),
    ] = 0.1,
    cost_share: training.CostShare = 0.2,
    rate: training.Rate = 2e-5,
    lora: training.Lora = 0,
    device: training.On = None,
    seed: training.Seed = 0,
    home: options.Home = None,
    plain: options.Plain = False,
) -> None:
    """Prefer the better of two replies to the same prompt.

    The pairs are made of recorded runs with token ids that part at some step: repeats of a task,
    forks, attempts. Needs torch (`pip install 'outlay[train]'`). A training that was broken off
    goes on when it is started again.
    """
    need_torch()
    from ...train.offline_training import DpoRequest, prefer

    prefer(
        DpoRequest(
            model=model, out=out, experiment=source, epochs=epochs, beta=beta,
            cost_share=cost_share, rate=rate, lora=lora, device=device, seed=seed, home=home,
        ),
        plain=plain,
    )  # fmt: skip


def rl(
    model: training.Model,
    out: training.Out,
    source: training.Source = None,
    suite: Annotated[str | None, options.suite("Whose tasks are played.")] = None,
    knob: options.Knobs = None,
    tasks: Annotated[int, options.tasks("Tasks to draw from.")] = 200,
    per_round: Annotated[
        int, typer.Option(envvar="OUTLAY_PER_ROUND", min=1, metavar="N", help="Tasks of a round.")
    ] = 20,
    planner: options.Planner = "tracker",
    memory: options.Memory = "full",
    budget: Annotated[
        list[str] | None, options.budget("Of single runs; repeatable, in turn.")
    ] = None,
    total_budget: Annotated[str | None, options.total_budget("Of all rollouts together.")] = None,
    rounds: Annotated[
        int, typer.Option(envvar="OUTLAY_ROUNDS", min=1, metavar="N", help="Of play and learning.")
    ] = 20,
    group: Annotated[
        int, typer.Option(envvar="OUTLAY_GROUP", min=2, metavar="N", help="Rollouts of a task.")
    ] = 8,
    uniform: Annotated[
        bool,
        typer.Option(
            "--uniform", envvar="OUTLAY_UNIFORM", help="The same rollouts for every task."
        ),
    ] = False,
    loss: Annotated[
        training.LossName | None,
        typer.Option(envvar="OUTLAY_LOSS", help="The loss (default: loop, or with --from replay)."),
    ] = None,
    entropy: Annotated[
        float,
        typer.Option(envvar="OUTLAY_ENTROPY", min=0, help="What a nat of entropy a token earns."),
    ] = 0.0,
    kl: Annotated[
        float,
        typer.Option(
            envvar="OUTLAY_KL",
            min=0,
            help="What a nat a token of divergence from the model at the start costs.",
        ),
    ] = 0.0,
    cost_share: training.CostShare = 0.2,
    rate: training.Rate = 1e-4,
    lora: training.Lora = 0,
    device: training.On = None,
    seed: training.Seed = 0,
    prices: options.Prices = None,
    home: options.Home = None,
    plain: options.Plain = False,
) -> None:
    """Reinforce what was right for little money.

    With --from, off-policy from recorded runs, for nothing. Else by the model's own rollouts on a
    suite, under one budget for the whole training.
    """
    need_torch()
    from ...train.offline_training import OfflineRlRequest, replay
    from ...train.online_training import OnlineRlRequest, play

    if source is not None:
        replay(
            OfflineRlRequest(
                model=model, out=out, experiment=source, loss=loss or training.LossName.replay,
                entropy=entropy, kl=kl, cost_share=cost_share, rate=rate, lora=lora,
                device=device, seed=seed, home=home,
            ),
            plain=plain,
        )  # fmt: skip
        return
    play(
        OnlineRlRequest(
            model=model, out=out, suite=suite, knobs=knob or [], tasks=tasks,
            per_round=per_round, planner=planner, memory=memory, budgets=budget or [],
            total_budget=total_budget, rounds=rounds, group=group, uniform=uniform,
            loss=loss or training.LossName.loop, entropy=entropy, kl=kl, cost_share=cost_share,
            rate=rate, lora=lora, device=device, seed=seed, prices=prices, home=home,
        ),
        plain=plain,
    )  # fmt: skip
