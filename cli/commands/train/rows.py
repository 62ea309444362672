"""`outlay train rows` and `outlay train export`: recorded runs as training data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ... import options
from ...options import training

Out = Annotated[
    Path,
    typer.Option(
        envvar="OUTLAY_OUT", metavar="FILE", help="Where it goes; ends in .parquet or .jsonl."
    ),
]
Solved = Annotated[
    bool, typer.Option("--solved", envvar="OUTLAY_SOLVED", help="Only runs with full marks.")
]
SuiteName = Annotated[
    str | None,
    options.suite(
        "The suite of the tasks: it knows their tools, and judges each attempt of a run."
    ),
]
Tasks = Annotated[int, options.tasks("The suite's first N tasks.")]
Seed = Annotated[int, options.seed("Which tasks of the suite.")]


class ExportFormat(StrEnum):
    art = "art"
    traces = "traces"
    trl_async = "trl-async"
    trl_dpo = "trl-dpo"
    trl_grpo = "trl-grpo"
    trl_kto = "trl-kto"
    trl_sft = "trl-sft"
    verl_outputs = "verl-outputs"
    verl_sft = "verl-sft"
    verl_tasks = "verl-tasks"


def rows(
    out: Out = Path("rows.parquet"),
    experiment: options.Experiment = None,
    solved: Solved = False,
    suite: SuiteName = None,
    knob: options.Knobs = None,
    tasks: Tasks = 100,
    seed: Seed = 0,
    home: options.Home = None,
) -> None:
    """Write training rows: what the policy saw, wrote and sampled.

    One row for each stretch of a run in which prompts only grew. Token ids and log-probabilities
    are there where the model was opened with `?tokenizer=NAME`.
    """
    from ....training.data.row_files import write_rows

    source = ExportSource(
        home=home, experiment=experiment, solved=solved, suite=suite, knobs=knob, tasks=tasks,
        seed=seed,
    )  # fmt: skip
    material = _material(source)
    count = write_rows(out, material.rows, material.outcomes)
    trajectories = len({row.trajectory for row in material.rows})
    tokens = sum(row.sampled for row in material.rows)
    typer.echo(
        f"{count} rows of {trajectories} trajectories in {out}: {tokens:,} tokens train, "
        f"{sum(row.tier == 0 for row in material.rows)} rows are text only"
    )


def export(
    to: Annotated[
        ExportFormat, typer.Option(envvar="OUTLAY_TO", metavar="FORM", help="For which engine.")
    ],
    out: Out = Path("export.jsonl"),
    experiment: options.Experiment = None,
    solved: Solved = False,
    cost_share: training.CostShare = 0.2,
    suite: SuiteName = None,
    knob: options.Knobs = None,
    tasks: Tasks = 100,
    seed: Seed = 0,
    home: options.Home = None,
) -> None:
    """Write recorded runs, or a suite's tasks, for a training engine.

    Forms: art, traces, trl-async, trl-dpo, trl-grpo, trl-kto, trl-sft, verl-outputs, verl-sft,
    verl-tasks. trl-grpo and verl-tasks are made of a suite's tasks, the others of runs.
    """
    from ....ledger.errors import UsageError
    from ....training.data.row_files import write_records
    from ....training.export.targets import OF_TASKS, TARGETS, ExportData

    source = ExportSource(
        home=home, experiment=experiment, solved=solved, suite=suite, knobs=knob, tasks=tasks,
        seed=seed,
    )  # fmt: skip
    if to in OF_TASKS:
        material = ExportData(known=_known(source))
    else:
        material = _material(source, alpha=cost_share)
    records = list(TARGETS[to](material))
    if not records:
        raise UsageError(f"there is nothing for {to.value} in these runs: see docs/training.md")
    typer.echo(f"{write_records(out, records)} records for {to.value} in {out}")


@dataclass(frozen=True, kw_only=True)
class ExportSource:
    """Which recorded runs are read, and which suite tells more of their tasks."""

    home: Path | None
    experiment: str | None
    solved: bool
    suite: str | None
    knobs: list[str] | None
    tasks: int
    seed: int


def _material(source: ExportSource, *, alpha: float = 0.0) -> Any:
    """Reads the runs of a home."""
    from ....agent import Home
    from ....training.data.recorded_runs import recorded
    from ....training.export.targets import ExportData

    known = _known(source)
    found = recorded(Home.at(source.home).store, source.experiment, known)
    kept = tuple(run for run in found if run.outcome.success or not source.solved)
    return ExportData(runs=kept, known=known, alpha=alpha)


def _known(source: ExportSource) -> Any:
    """Returns what the named suite tells of its tasks, or None."""
    if source.suite is None:
        return None
    from ....benchmarks.suite import suite as make
    from ....training.data.suite_context import SuiteContext
    from ...experiment_plan import suite_knobs

    made = make(source.suite, **suite_knobs(source.knobs))
    tasks = made.tasks(source.tasks, source.seed)
    return SuiteContext(suite=made, tasks={task.id: task for task in tasks})
