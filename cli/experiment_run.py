"""Carries out an experiment under its progress view, and reports on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ..agent import Home
from ..benchmarks.budget_grid import budgets as expanded
from ..benchmarks.experiment import ExperimentPlan, ExperimentResult, run_experiment
from ..benchmarks.reports.terminal.experiment_report import render_plain, render_rich, summarise
from ..benchmarks.results import ResultRow, Setup, write_rows
from ..ledger.errors import UsageError
from .agent_recipe import absolute_model, required
from .render import format
from .render.console import console
from .render.experiment_progress import BarProgress, LineProgress, ProgressView


@dataclass(frozen=True, kw_only=True)
class BenchRequest:
    """What `outlay bench` is to do."""

    plan: ExperimentPlan | None
    """None: that of the experiment `resume`."""
    resume: str | None
    concurrency: int
    total_budget: str | None
    json_file: Path | None
    prices: Path | None
    home: Path | None


def plan_of(
    suite: str | None,
    model: str | None,
    planners: str,
    memory: str,
    budgets: list[str],
    tasks: int,
    repeats: int,
    seed: int,
    knobs: list[str],
    learn_from: list[str],
) -> ExperimentPlan:
    """Returns the plan that the options ask for.

    Raises:
        UsageError: something is missing or malformed.
    """
    if suite is None:
        raise UsageError("a suite is required, e.g. `outlay bench almanac`")
    return ExperimentPlan(
        suite=suite,
        knobs=dict(map(knob, knobs)),
        policy=absolute_model(required(model, "model", "embedded")),
        planners=tuple(dict.fromkeys(filter(None, (p.strip() for p in planners.split(","))))),
        memory=memory,
        budgets=expanded(required(budgets, "budget", "search=8,open=4")),
        tasks=tasks,
        repeats=repeats,
        seed=seed,
        learn_from=tuple(learn_from),
    )


def with_data(knobs: list[str] | None, data: Path | None) -> list[str]:
    """Returns the knobs with `--data` among them, so that it is found from any folder."""
    return [*(knobs or ()), *([] if data is None else [f"data={data.absolute()}"])]


def carry_out(order: BenchRequest, *, plain: bool) -> int:
    """Runs the experiment, prints its report and returns the exit code."""
    out = console(plain)
    if order.json_file is not None:
        _check_writable(order.json_file)
    view: ProgressView = BarProgress(out) if out.is_terminal else LineProgress(out)
    try:
        with view:
            outcome = asyncio.run(_run(order, view))
    except KeyboardInterrupt:
        _interrupted(out, view, order)
        return 130
    finally:
        Home.at(order.home).close()
    if order.json_file is not None:
        write_rows(order.json_file, outcome.rows)
    _report(out, outcome)
    return 0


async def _run(order: BenchRequest, view: ProgressView) -> ExperimentResult:
    return await run_experiment(
        order.plan,
        home=order.home,
        prices=order.prices,
        concurrency=order.concurrency,
        total_budget=order.total_budget,
        resume=order.resume,
        on_row=view.on_row,
        on_start=view.on_start,
    )


def _report(out: Console, outcome: ExperimentResult) -> None:
    report = summarise(outcome.rows, base=_base(outcome.rows))
    out.print()
    if out.is_terminal:
        out.print(render_rich(report))
    else:
        out.file.write(render_plain(report))
    out.print()
    out.print(
        f"experiment {outcome.experiment}: {format.exact_usd(outcome.spent_usd)} spent; "
        f"outlay runs --experiment {outcome.experiment}",
        soft_wrap=True,
    )


def _base(rows: list[ResultRow]) -> Setup | None:
    """Returns the set-up that was asked for first: the rows are in the plan's order."""
    return rows[0].setup if rows else None


def _interrupted(out: Console, view: ProgressView, order: BenchRequest) -> None:
    if not view.experiment:
        out.print("interrupted before the first run")
        return
    out.print(f"interrupted after {format.count(view.done, 'run')}; go on with:", soft_wrap=True)
    home = f" --home {order.home}" if order.home is not None else ""
    prices = f" --prices {order.prices}" if order.prices is not None else ""
    total = f" --total-budget {order.total_budget}" if order.total_budget else ""
    out.print(f"  outlay bench --resume {view.experiment}{total}{prices}{home}", soft_wrap=True)


def _check_writable(path: Path) -> None:
    """Raises UsageError before anything is paid if the results could not be written."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise UsageError(f"cannot write results to {path}: {error.strerror}") from error


def knob(text: str) -> tuple[str, Any]:
    """Reads `hops=[1,2]`, `split=train`: a JSON value, or else text."""
    import json

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"knob {text!r} is not NAME=VALUE: write e.g. --knob hops=[1,2]")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
