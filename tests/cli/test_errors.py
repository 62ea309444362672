"""The boundary: what a person sees of an error, and the exit code."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from outlay.cli.app import BUG, _report

from .conftest import PROGRAM, RUN, Outlay


def test_an_unforeseen_error_is_called_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert _report(ValueError("oh")) == BUG
    shown = capsys.readouterr().err
    assert shown.startswith("outlay: ValueError: oh; this is a bug: run it with OUTLAY_DEBUG=1")


def test_a_home_that_cannot_be_written_ends_with_1(outlay: Outlay, place: Path) -> None:
    (place / "file").touch()
    done = outlay(*RUN, "--budget", "usd=0.1", "--home", "file/home")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "choose another folder with --home or OUTLAY_HOME" in done.stderr


def test_a_reader_that_goes_away_is_no_error(place: Path) -> None:
    command = [PROGRAM, "sql", "FROM range(2000000)", "--csv"]
    with subprocess.Popen(
        command, cwd=place, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"range\n"
        running.stdout.close()
        assert running.stderr.read() == b""


@pytest.mark.parametrize("command", [RUN, ("runs",)], ids=["run", "runs"])
def test_an_output_that_is_full_is_one_sentence(
    command: tuple[str, ...], outlay: Outlay, place: Path
) -> None:
    """The run itself goes on to its end: what is paid for is kept."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, *command, *(("--budget", "usd=0.1") if command == RUN else ())],
            cwd=place, env=dict(os.environ), stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    said = "outlay: the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)
    if command == RUN:
        assert outlay("sql", "select status from runs", "--csv").stdout == "status\nanswered\n"


def test_the_version(outlay: Outlay) -> None:
    assert outlay("--version").stdout.startswith("outlay 0.")


@pytest.mark.parametrize("verb", [["run", "bad \udcff"], ["tools", "try", "x", "--args", "\udcff"]])
def test_bytes_that_are_no_text_are_wrong_usage(
    complaint: Callable[..., str], verb: list[str]
) -> None:
    assert "is not UTF-8" in complaint(*verb)
