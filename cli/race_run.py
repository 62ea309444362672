"""Carries out a race under its progress view, and reports on it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ..agent import Home
from ..benchmarks.experiment import ExperimentPlan
from ..benchmarks.past_experiments import read_experiments
from ..benchmarks.race import RaceOutcome, RaceSpec
from ..benchmarks.race_runner import run_race
from ..benchmarks.reports.terminal.race_report import render_race
from ..benchmarks.results import Setup, write_rows
from .render import format
from .render.console import console, show
from .render.experiment_progress import BarProgress, LineProgress, ProgressView


@dataclass(frozen=True, kw_only=True)
class RaceRequest:
    """What `outlay race` is to do."""

    plans: Sequence[ExperimentPlan]
    """Each may ask for several planners and budgets."""
    block: int
    alpha: float
    keep: int
    resume: str | None
    concurrency: int
    total_budget: str | None
    json_file: Path | None
    prices: Path | None
    home: Path | None

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


def carry_out(start: RaceRequest, *, plain: bool) -> int:
    """Runs the race, prints its report and returns the exit code."""
    race, out = start.race(), console(plain)
    if start.resume is not None:
        read_experiments(Home.at(start.home), [start.resume])
    view: ProgressView = BarProgress(out) if out.is_terminal else LineProgress(out)
    try:
        with view:
            outcome = asyncio.run(_run(start, race, view, out))
    except KeyboardInterrupt:
        out.print(
            f"interrupted after {format.count(view.done, 'run')}; go on with the same command "
            f"and --resume {view.experiment}",
            soft_wrap=True,
        )
        return 130
    finally:
        Home.at(start.home).close()
    if start.json_file is not None:
        write_rows(start.json_file, outcome.rows)
    out.print()
    show(out, render_race(outcome))
    out.print()
    out.print(f"race {outcome.race}: outlay report {outcome.race}", soft_wrap=True)
    return 0


async def _run(start: RaceRequest, race: RaceSpec, view: ProgressView, out: Console) -> RaceOutcome:
    def on_block(tasks: int, running: Sequence[Setup], dropped: Sequence[Setup]) -> None:
        for setup in dropped:
            out.print(f"after {tasks:,} tasks out: {' · '.join(setup)}", soft_wrap=True)

    return await run_race(
        race,
        name=start.resume,
        home=start.home,
        prices=start.prices,
        concurrency=start.concurrency,
        total_budget=start.total_budget,
        on_row=view.on_row,
        on_start=view.on_start,
        on_block=on_block,
    )
