"""`outlay race`: many set-ups meet the same tasks, and those clearly behind are dropped."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import options


def race(
    suite: Annotated[str, typer.Argument(help="The suite's name, e.g. almanac.")],
    model: Annotated[
        list[str] | None,
        options.model("Who decides; repeatable, each further one makes more candidates."),
    ] = None,
    planner: options.Planners = "react",
    memory: Annotated[str, options.memory("The memories, e.g. full,window.", "NAMES")] = "full",
    budget: Annotated[
        list[str] | None,
        options.budget("What each run may use, e.g. search=8,open=4; repeatable."),
    ] = None,
    tasks: Annotated[int, options.tasks("Tasks at most.")] = 100,
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
    repeats: options.Repeats = 1,
    seed: options.Seed = 0,
    knob: options.Knobs = None,
    data: options.Data = None,
    strict: options.Strict = False,
    concurrency: options.Concurrency = 16,
    total_budget: Annotated[
        str | None, options.total_budget("What the race may use: usd=5.")
    ] = None,
    system: options.System = "",
    temperature: options.Temperature = None,
    max_output: options.MaxOutput = None,
    stream: options.Stream = False,
    tool_protocol: options.ToolProtocolName = None,
    timeout: options.Timeout = None,
    resume: Annotated[
        str | None,
        typer.Option(
            envvar="OUTLAY_RESUME",
            metavar="RACE",
            help="Go on with a race; its other options must be given again.",
        ),
    ] = None,
    json_file: options.JsonFile = None,
    prices: options.Prices = None,
    home: options.Home = None,
    plain: options.Plain = False,
) -> None:
    """Race set-ups over a suite; drop those that are clearly behind.

    Candidates are all combinations of model, planner, memory and budget.
    Exit codes: 0 done, 130 interrupted (go on with --resume), 2 wrong usage.
    """
    from ...experiment_plan import decision_options, plan_of, suite_knobs
    from ...race_run import RaceRequest, carry_out

    decisions = decision_options(
        system=system, temperature=temperature, max_output=max_output, stream=stream,
        tool_protocol=tool_protocol, timeout=timeout,
    )  # fmt: skip
    settings = suite_knobs(knob, data, strict)
    models: list[str | None] = [*(model or ())] or [None]
    plans = [
        plan_of(
            suite=suite, model=one_model, planners=planner, memory=one_memory,
            budgets=budget or [], tasks=tasks, repeats=repeats, seed=seed, knobs=settings,
            learn_from=[], decisions=decisions,
        )
        for one_model in models
        for one_memory in filter(None, map(str.strip, memory.split(",")))
    ]  # fmt: skip
    order = RaceRequest(
        plans=plans, block=block, alpha=alpha, keep=keep, resume=resume, concurrency=concurrency,
        total_budget=total_budget, json_file=json_file, prices=prices, home=home,
    )  # fmt: skip
    raise typer.Exit(carry_out(order, plain=plain))
