"""Carries out `outlay bench`, and reports on the experiment."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console

from ..benchmarks.experiments.experiment import ExperimentPlan, ExperimentResult, run_experiment
from ..benchmarks.reports.terminal.experiment_report import render_plain, render_rich, summarise
from ..benchmarks.results import ResultRow, Setup
from .experiment_loop import ExperimentRequest, run_to_report
from .render import format
from .render.console import console
from .render.experiment_progress import ProgressView


@dataclass(frozen=True, kw_only=True)
class BenchRequest(ExperimentRequest):
    """What `outlay bench` is to do."""

    plan: ExperimentPlan | None
    """None: that of the experiment `resume`."""


def carry_out(order: BenchRequest, *, plain: bool) -> int:
    """Runs the experiment, prints its report and returns the exit code."""
    out = console(plain)

    async def work(view: ProgressView) -> ExperimentResult:
        return await run_experiment(
            order.plan, resume=order.resume, home=order.home, prices=order.prices,
            concurrency=order.concurrency, total_budget=order.total_budget,
            on_row=view.on_row, on_start=view.on_start,
            on_skip=lambda why: out.print(f"left out: {why}", soft_wrap=True),
        )  # fmt: skip

    return run_to_report(
        order,
        out,
        work,
        report=lambda outcome: _report(out, outcome),
        interrupted=lambda view: _interrupted(out, view, order),
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
