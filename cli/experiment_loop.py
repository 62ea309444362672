"""Drives an experiment or a race under its progress view, from the first run to the exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from rich.console import Console

from ..agent import Home
from ..benchmarks.results import ResultRow, write_rows
from ..ledger.errors import UsageError
from .render.experiment_progress import BarProgress, LineProgress, ProgressView


@dataclass(frozen=True, kw_only=True)
class ExperimentRequest:
    """What `outlay bench` and `outlay race` are told alike."""

    resume: str | None
    concurrency: int
    total_budget: str | None
    json_file: Path | None
    prices: Path | None
    home: Path | None


class WithRows(Protocol):
    """What came of an experiment or a race."""

    @property
    def rows(self) -> Sequence[ResultRow]: ...


Done = TypeVar("Done", bound=WithRows)


def run_to_report(
    order: ExperimentRequest,
    out: Console,
    work: Callable[[ProgressView], Coroutine[Any, Any, Done]],
    *,
    report: Callable[[Done], None],
    interrupted: Callable[[ProgressView], None],
) -> int:
    """Carries out `work`, writes its rows, and returns the exit code.

    Args:
        report: prints what came of it.
        interrupted: prints how to go on after Ctrl-C.
    """
    if order.json_file is not None:
        _check_writable(order.json_file)
    view: ProgressView = BarProgress(out) if out.is_terminal else LineProgress(out)
    try:
        with view:
            done = asyncio.run(work(view))
    except KeyboardInterrupt:
        interrupted(view)
        return 130
    finally:
        Home.at(order.home).close()
    if order.json_file is not None:
        write_rows(order.json_file, done.rows)
    report(done)
    return 0


def _check_writable(path: Path) -> None:
    """Raises UsageError before anything is paid if the results could not be written."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise UsageError(f"cannot write results to {path}: {error.strerror}") from error
