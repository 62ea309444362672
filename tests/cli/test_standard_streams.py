"""A reader that leaves ends the output, not the work."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from outlay.agent import Home

from .conftest import PROGRAM, RUN

BENCH = (
    "bench", "almanac", "--policy", "embedded", "--planner", "react", "--budget",
    "search=8,open=4", "--tasks", "6",
)  # fmt: skip


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("command", "runs"), [((*RUN, "--budget", "usd=0.10"), 1), (BENCH, 6)], ids=["run", "bench"]
)
def test_work_goes_on_when_nobody_reads(
    place: Path,
    command: tuple[str, ...],
    runs: int,
    unbuffered: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with subprocess.Popen(
        [PROGRAM, *command], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline()
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (0, "")
    rows = Home.at(place / ".outlay").store.query("select status from runs").rows
    assert rows == [("answered",)] * runs


@pytest.mark.parametrize(
    "command", [("runs",), ("suites",), ("tools",), ("sql", "--schema"), ("run", "-h"), ()]
)
def test_nothing_is_said_of_a_reader_that_has_left(place: Path, command: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [PROGRAM, *command], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (0, "")
