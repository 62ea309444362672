"""`outlay race`: many set-ups meet the same tasks, and those clearly behind are dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ... import options


def race(
    suite: Annotated[str, typer.Argument(help="The suite's name, e.g. almanac.")],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "--policy",
            envvar="OUTLAY_MODEL",
            metavar="MODEL",
            help="Who decides; repeatable, each further one makes more candidates.",
        ),
    ] = None,
    planner: options.Planners = "react",
    memory: Annotated[
        str,
        typer.Option(
            envvar="OUTLAY_MEMORY", metavar="NAMES", help="The memories, e.g. full,window."
        ),
    ] = "full",
    budget: Annotated[
        list[str] | None,
        typer.Option(
            envvar="OUTLAY_BUDGET",
            metavar="LIMITS",
            help="What each run may use, e.g. search=8,open=4; repeatable.",
        ),
    ] = None,
    tasks: Annotated[
        int,
        typer.Option(envvar="OUTLAY_TASKS", min=1, metavar="N", help="Tasks at most."),
    ] = 100,
    block: Annotated[
        int,
        typer.Option(envvar="OUTLAY_BLOCK", min=5, metavar="N", help="Tasks between two looks."),
    ] = 20,
    alpha: Annotated[
        float,
        typer.Option(
            envvar="OUTLAY_ALPHA",
            metavar="SHARE",
            help="Chance at most that the best candidate is dropped.",
        ),
    ] = 0.2,
    keep: Annotated[
        int,
        typer.Option(
            envvar="OUTLAY_KEEP", min=1, metavar="N", help="Candidates at which the race ends."
        ),
    ] = 1,
    repeats: Annotated[
        int,
        typer.Option(envvar="OUTLAY_REPEATS", min=1, metavar="N", help="Runs of each task."),
    ] = 1,
    seed: Annotated[
        int, typer.Option(envvar="OUTLAY_SEED", help="Which tasks, and the policy's sampling.")
    ] = 0,
    knob: Annotated[
        list[str] | None,
        typer.Option(
            envvar="OUTLAY_KNOB", metavar="NAME=VALUE", help="A setting of the suite; repeatable."
        ),
    ] = None,
    data: options.Data = None,
    concurrency: Annotated[
        int,
        typer.Option(
            envvar="OUTLAY_CONCURRENCY", min=1, metavar="N", help="Runs under way at once."
        ),
    ] = 16,
    total_budget: Annotated[
        str | None,
        typer.Option(
            envvar="OUTLAY_TOTAL_BUDGET", metavar="LIMITS", help="What the race may use: usd=5."
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            envvar="OUTLAY_RESUME",
            metavar="RACE",
            help="Go on with a race; its other options must be given again.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            "--json-file",
            envvar="OUTLAY_JSON_FILE",
            metavar="FILE",
            help="Write one JSON object per run to this file.",
        ),
    ] = None,
    prices: options.Prices = None,
    home: options.Home = None,
    plain: options.Plain = False,
) -> None:
    """Race set-ups over a suite; drop those that are clearly behind.

    Candidates are all combinations of model, planner, memory and budget.
    Exit codes: 0 done, 130 interrupted (go on with --resume), 2 wrong usage.
    """
    from ...experiment_run import plan_of, with_data
    from ...race_run import RaceRequest, carry_out

    settings = with_data(knob, data)
    models: list[str | None] = [*(model or ())] or [None]
    plans = [
        plan_of(suite, each, planner, kept, budget or [], tasks, repeats, seed, settings, [])
        for each in models
        for kept in filter(None, map(str.strip, memory.split(",")))
    ]
    start = RaceRequest(
        plans=plans, block=block, alpha=alpha, keep=keep, resume=resume, concurrency=concurrency,
        total_budget=total_budget, json_file=json_file, prices=prices, home=home,
    )  # fmt: skip
    raise typer.Exit(carry_out(start, plain=plain))
