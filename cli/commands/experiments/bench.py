"""`outlay bench`: a suite of tasks under one or more set-ups, and what each is worth."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import options


def bench(
    suite: Annotated[
        str | None, typer.Argument(help="The suite's name, e.g. almanac; not with --resume.")
    ] = None,
    model: Annotated[list[str] | None, options.model("Who decides, one model.")] = None,
    planner: options.Planners = "react",
    memory: options.Memory = "full",
    budget: Annotated[
        list[str] | None,
        options.budget(
            "What each run may use, e.g. search=8,open=4; each further one is a set-up."
        ),
    ] = None,
    tasks: Annotated[int, options.tasks("The first N of the suite.")] = 100,
    repeats: options.Repeats = 1,
    seed: options.Seed = 0,
    knob: options.Knobs = None,
    data: options.Data = None,
    strict: options.Strict = False,
    concurrency: options.Concurrency = 16,
    total_budget: Annotated[
        str | None, options.total_budget("What all runs together may use, e.g. usd=5.")
    ] = None,
    learn_from: Annotated[
        list[str] | None,
        typer.Option(
            envvar="OUTLAY_LEARN_FROM",
            metavar="EXPERIMENT",
            help="Examples and lessons of a finished experiment, where they pay; repeatable.",
        ),
    ] = None,
    skip_unpayable: Annotated[
        bool,
        typer.Option(
            "--skip-unpayable",
            envvar="OUTLAY_SKIP_UNPAYABLE",
            help="Leave out set-ups whose budget cannot pay for one call.",
        ),
    ] = False,
    system: options.System = "",
    temperature: options.Temperature = None,
    max_output: options.MaxOutput = None,
    stream: options.Stream = False,
    tool_protocol: options.ToolProtocolName = None,
    timeout: options.Timeout = None,
    resume: Annotated[
        str | None,
        typer.Option(
            envvar="OUTLAY_RESUME", metavar="EXPERIMENT", help="Go on with an experiment."
        ),
    ] = None,
    trust: options.Trust = False,
    json_file: options.JsonFile = None,
    prices: options.Prices = None,
    home: options.Home = None,
    plain: options.Plain = False,
) -> None:
    """Run a suite of tasks; compare set-ups by success and cost.

    Set-ups are all pairs of a planner and a budget; the first is what others are compared with.
    Exit codes: 0 done, 130 interrupted (go on with --resume), 2 wrong usage.
    """
    from ....agent import Home
    from ...experiment_plan import decision_options, plan_of, suite_knobs
    from ...experiment_run import BenchRequest, carry_out
    from ...recorded_plan import check_resumed, signed

    plan = None
    if resume is not None:
        check_resumed(resume, Home.at(home), allowed=trust)
    else:
        plan = plan_of(
            suite=suite, model=_only(model), planners=planner, memory=memory, budgets=budget or [],
            tasks=tasks, repeats=repeats, seed=seed, knobs=suite_knobs(knob, data, strict),
            learn_from=learn_from or [], skip_unpayable=skip_unpayable,
            decisions=decision_options(
                system=system, temperature=temperature, max_output=max_output, stream=stream,
                tool_protocol=tool_protocol, timeout=timeout,
            ),
        )  # fmt: skip
        plan = signed(plan)
    order = BenchRequest(
        plan=plan, resume=resume, concurrency=concurrency, total_budget=total_budget,
        json_file=json_file, prices=prices, home=home,
    )  # fmt: skip
    raise typer.Exit(carry_out(order, plain=plain))


def _only(models: list[str] | None) -> str | None:
    from ....ledger.errors import UsageError

    if models and len(models) > 1:
        raise UsageError(
            f"an experiment has one model, not {len(models)}: compare models with `outlay race "
            "--model A --model B`, or bench each and `outlay report` both"
        )
    return models[0] if models else None
