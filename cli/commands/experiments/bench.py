"""`outlay bench`: a suite of tasks under one or more set-ups, and what each is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ... import options


def bench(
    suite: Annotated[
        str | None, typer.Argument(help="The suite's name, e.g. almanac; not with --resume.")
    ] = None,
    model: options.Model = None,
    planner: options.Planners = "react",
    memory: options.Memory = "full",
    budget: Annotated[
        list[str] | None,
        typer.Option(
            envvar="OUTLAY_BUDGET",
            metavar="LIMITS",
            help="What each run may use, e.g. search=8,open=4; each further one is a set-up.",
        ),
    ] = None,
    tasks: Annotated[
        int,
        typer.Option(envvar="OUTLAY_TASKS", min=1, metavar="N", help="The first N of the suite."),
    ] = 100,
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
            envvar="OUTLAY_TOTAL_BUDGET",
            metavar="LIMITS",
            help="What all runs together may use, e.g. usd=5.",
        ),
    ] = None,
    learn_from: Annotated[
        list[str] | None,
        typer.Option(
            envvar="OUTLAY_LEARN_FROM",
            metavar="EXPERIMENT",
            help="Examples and lessons of a finished experiment, where they pay; repeatable.",
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            envvar="OUTLAY_RESUME", metavar="EXPERIMENT", help="Go on with an experiment."
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
    """Run a suite of tasks; compare set-ups by success and cost.

    Set-ups are all pairs of a planner and a budget; the first is what others are compared with.
    Exit codes: 0 done, 130 interrupted (go on with --resume), 2 wrong usage.
    """
    from ...experiment_run import BenchRequest, carry_out, plan_of, with_data

    plan = None
    if resume is None:
        plan = plan_of(
            suite, model, planner, memory, budget or [], tasks, repeats, seed,
            with_data(knob, data), learn_from or [],
        )  # fmt: skip
    order = BenchRequest(
        plan=plan, resume=resume, concurrency=concurrency, total_budget=total_budget,
        json_file=json_file, prices=prices, home=home,
    )  # fmt: skip
    raise typer.Exit(carry_out(order, plain=plain))
