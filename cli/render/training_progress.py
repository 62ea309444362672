"""How a training goes: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class TrainProgress:
    """Follows the steps, or the rounds, of one training.

    Args:
        unit: what is counted.
        every: of so many one has a line in a log; the last one always has.
    """

    def __init__(self, out: Console, unit: str, *, every: int = 1) -> None:
        self._out = out
        self._unit = unit
        self._every = every
        self._last = ""
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(),
            TextColumn("{task.fields[told]}"), TimeRemainingColumn(compact=True),
            console=out, transient=True, expand=True,
        )  # fmt: skip
        self._task = self._bar.add_task(f"{unit}s", total=None, told="")

    def __enter__(self) -> Self:
        if self._out.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._out.is_terminal:
            self._bar.stop()
            if self._last:
                self._out.print(self._last, soft_wrap=True)

    def see(self, number: int, of: int, told: str) -> None:
        """Takes note of a step.

        Args:
            number: from 0.
            told: its figures in words.
        """
        self._last = f"{self._unit} {number + 1} of {of}: {told}"
        if self._out.is_terminal:
            self._bar.update(self._task, completed=number + 1, total=of, told=told)
        elif number % self._every == 0 or number + 1 == of:
            self._out.print(self._last, soft_wrap=True)
