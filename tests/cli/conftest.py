"""The real `outlay` in a process of its own, in a folder with documents, a script and prices."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from outlay.cli import main

PROGRAM = Path(sys.executable).parent / "outlay"
GOLDEN = Path(__file__).parent / "golden"

SCRIPT = [
    {
        "content": "I look for the river first.",
        "tool_calls": [
            {"name": "search", "arguments": {"query": "river Soral"}},
        ],
        "usage": {"input": 812, "output": 24},
    },
    {
        "tool_calls": [
            {"name": "open", "arguments": {"name": "melun.md"}},
        ],
        "usage": {"input": 1100, "cache_read": 200, "output": 30},
    },
    {
        "content": "The mayor is Ada Quill.\nAnswer: Ada Quill",
        "usage": {"input": 1400, "output": 19},
    },
]
PRICES = """
[models.scripted]
input = 0.25
output = 2.0
[tools.search]
call = 0.001
[tools.open]
call = 0.003
"""
TASK = "Who is the mayor of the city on the river Soral?"
RUN = (
    "run", TASK, "--docs", "docs", "--model", "scripted:script.json", "--prices", "prices.toml",
)  # fmt: skip

Outlay = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder to run in."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "soral.md").write_text("# Soral\n\nThe river Soral flows through Melun.\n")
    (tmp_path / "docs" / "melun.md").write_text("# Melun\n\nIts mayor is Ada Quill.\n")
    (tmp_path / "script.json").write_text(json.dumps(SCRIPT))
    (tmp_path / "prices.toml").write_text(PRICES)
    return tmp_path


@pytest.fixture
def outlay(place: Path) -> Outlay:
    """Runs `outlay` with arguments and returns what came of it."""

    def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *arguments], cwd=place, env={**os.environ, **(env or {})},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return run


@pytest.fixture
def complaint(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs `outlay` within this process and returns its one sentence about wrong usage."""
    monkeypatch.chdir(place)

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        output = capsys.readouterr()
        assert (end.value.code, output.out, output.err.count("\n")) == (2, "", 1), output
        assert output.err.startswith("outlay: ")
        return output.err

    return run


@pytest.fixture
def inside(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs `outlay` within this process, which starts faster, and returns what it printed."""
    monkeypatch.chdir(place)

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        output = capsys.readouterr()
        assert (end.value.code, output.err) == (0, ""), output
        return output.out

    return run


@dataclass(frozen=True)
class Ended:
    """How a run of `outlay` in this process ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def near(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Runs `outlay` within this process, with nobody at the terminal."""
    monkeypatch.chdir(place)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        output = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ended(end.value.code, output.out, output.err)

    return run


def hear_ctrl_c() -> None:
    """In a child before it starts: jobs of a shell and of nohup inherit what they ignore."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def run_id(output: str) -> str:
    """Returns the id of the run that some output is about."""
    found = re.search(r"\b1[0-9a-z]{13}\b", output)
    assert found, output
    return found[0]


def steady(output: str) -> str:
    """Returns output without what differs from run to run: ids and times."""
    output = re.sub(r"\b1[0-9a-z]{13}\b", "RUN", output)
    return re.sub(r"\d+\.\d s\b", "TIME", output)


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
