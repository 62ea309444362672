"""Carries out `outlay race`, and reports on the race."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from ..agent import Home
from ..benchmarks.experiments.experiment import ExperimentPlan
from ..benchmarks.experiments.past_experiments import read_experiments
from ..benchmarks.experiments.race import RaceOutcome, RaceSpec
from ..benchmarks.experiments.race_runner import run_race
from ..benchmarks.reports.terminal.race_report import render_race
from ..benchmarks.results import Setup
from .experiment_loop import ExperimentRequest, run_to_report
from .render import format
from .render.console import console, show
from .render.experiment_progress import ProgressView


@dataclass(frozen=True, kw_only=True)
class RaceRequest(ExperimentRequest):
    """What `outlay race` is to do."""

    plans: Sequence[ExperimentPlan]
    """Each may ask for several planners and budgets."""
    block: int
    alpha: float
    keep: int

    def race(self) -> RaceSpec:
        """Returns the race, one candidate for each combination.

        Raises:
            UsageError: there are too few candidates, or a number makes no sense.
        """
        candidates = tuple(
            dataclasses.replace(plan, planners=(planner,), budgets=(budget,))
            for plan in self.plans
            for planner in plan.planners
            for budget in plan.budgets
        )
        return RaceSpec(candidates=candidates, block=self.block, alpha=self.alpha, keep=self.keep)


def carry_out(order: RaceRequest, *, plain: bool) -> int:
    """Runs the race, prints its report and returns the exit code."""
    race, out = order.race(), console(plain)
    if order.resume is not None:
        read_experiments(Home.at(order.home), [order.resume])

    def on_block(tasks: int, running: Sequence[Setup], dropped: Sequence[Setup]) -> None:
        for setup in dropped:
            out.print(f"after {tasks:,} tasks out: {' · '.join(setup)}", soft_wrap=True)

    async def work(view: ProgressView) -> RaceOutcome:
        return await run_race(
            race, name=order.resume, home=order.home, prices=order.prices,
            concurrency=order.concurrency, total_budget=order.total_budget,
            on_row=view.on_row, on_start=view.on_start, on_block=on_block,
        )  # fmt: skip

    return run_to_report(
        order,
        out,
        work,
        report=lambda outcome: _report(out, outcome),
        interrupted=lambda view: _interrupted(out, view),
    )


def _report(out: Console, outcome: RaceOutcome) -> None:
    out.print()
    show(out, render_race(outcome))
    out.print()
    out.print(f"race {outcome.race}: outlay report {outcome.race}", soft_wrap=True)


def _interrupted(out: Console, view: ProgressView) -> None:
    out.print(
        f"interrupted after {format.count(view.done, 'run')}; go on with the same command "
        f"and --resume {view.experiment}",
        soft_wrap=True,
    )
