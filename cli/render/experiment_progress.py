"""The progress of an experiment: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from ...benchmarks.experiments.experiment import ExperimentProgress
from ...benchmarks.results import ResultRow
from . import format

LINES = 10
"""Lines that a whole experiment prints in a log."""


class ProgressView(Protocol):
    """Follows one experiment."""

    experiment: str
    done: int

    def on_start(self, experiment: str) -> None: ...

    def on_row(self, row: ResultRow, progress: ExperimentProgress) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class LineProgress:
    """Prints a line at each tenth of the way."""

    def __init__(self, out: Console) -> None:
        self.experiment = ""
        self.done = 0
        self._out = out
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def on_start(self, experiment: str) -> None:
        self.experiment = experiment
        self._out.print(f"experiment {experiment}", soft_wrap=True)

    def on_row(self, row: ResultRow, progress: ExperimentProgress) -> None:
        self.done = progress.done
        step = max(progress.total // LINES, 1)
        if progress.done % step == 0 or progress.done == progress.total:
            width = len(f"{progress.total:,}")
            rate = _rate(progress.done, time.monotonic() - self._began)
            self._out.print(
                f"{progress.done:>{width},} of {progress.total:,} runs"
                f"   {_spent(progress)}   {rate}",
                soft_wrap=True,
            )


class BarProgress:
    """Shows runs done, what was spent of what, the rate, and successes so far."""

    def __init__(self, out: Console) -> None:
        self.experiment = ""
        self.done = 0
        self._finished = self._successes = 0
        self._task: TaskID | None = None
        self._bar = Bar(
            SpinnerColumn(), BarColumn(bar_width=None), MofNCompleteColumn(), TextColumn("runs"),
            TextColumn("{task.fields[success]}"), TextColumn("{task.fields[spent]}"),
            _Rate(), TimeRemainingColumn(compact=True),
            console=out, transient=True, expand=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def on_start(self, experiment: str) -> None:
        self.experiment = experiment
        self._bar.console.print(f"experiment {experiment}", style="dim", soft_wrap=True)
        self._task = self._bar.add_task("", total=None, success="", spent="")

    def on_row(self, row: ResultRow, progress: ExperimentProgress) -> None:
        self.done = progress.done
        self._finished += row.finished
        self._successes += row.success
        if self._task is not None:
            self._bar.update(
                self._task, completed=progress.done, total=progress.total,
                success=self._solved(),
                spent=_spent(progress),
            )  # fmt: skip

    def _solved(self) -> str:
        """Returns the share that was solved of the runs that no error ended."""
        if not self._finished:
            return ""
        return f"{100 * self._successes / self._finished:.0f} % solved"


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(_rate(int(task.completed), task.elapsed or 0.0), style="dim")


def _spent(progress: ExperimentProgress) -> str:
    places = format.places(progress.limit_usd or Decimal(1))
    spent = format.usd(progress.spent_usd, places)
    if progress.limit_usd is None:
        return f"{spent} spent"
    return f"{spent} of {format.exact_usd(progress.limit_usd)}"


def _rate(done: int, elapsed: float) -> str:
    if not done or elapsed <= 0:
        return ""
    rate = done / elapsed
    return f"{rate:.1f} runs/s" if rate >= 1 else f"{60 * rate:.1f} runs/min"
