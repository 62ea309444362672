"""An experiment has one owner, as a run has: a second process is told who it is."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from outlay.agent import Home
from outlay.testing import LoopbackServer, ScriptedAnswer

from .conftest import PROGRAM

TASKS = 6


class SlowServer:
    """Answers the first requests, then none until it is told to."""

    def __init__(self, server: LoopbackServer, answers: int) -> None:
        self.answers = answers
        self.asked = 0
        server.script = self._answer

    def _answer(self, body: dict[str, Any]) -> ScriptedAnswer:
        self.asked += 1
        return ScriptedAnswer("Answer: nobody", wait=0 if self.asked <= self.answers else 3_600)

    def wait_for(self, asked: int, process: subprocess.Popen[str]) -> None:
        while self.asked < asked:
            assert process.poll() is None
            time.sleep(0.005)


def test_a_second_resume_is_refused_and_a_killed_owner_is_taken_over(
    server: LoopbackServer, place: Path, complaint: Callable[..., str], inside: Callable[..., str]
) -> None:
    slow = SlowServer(server, answers=2)
    limits = ("--total-budget", "tokens=200k", "--concurrency", "2", "--plain")
    first = subprocess.Popen(
        [
            PROGRAM, "bench", "almanac", "--model", f"{server.url}#m", "--tasks", str(TASKS),
            "--budget", "tokens=20k", *limits,
        ],
        cwd=place, text=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        slow.wait_for(4, first)
        home = Home.at(place / ".outlay")
        ((experiment,),) = home.store.query("select distinct experiment from runs").rows
        said = complaint("bench", "--resume", experiment, *limits)
        assert f"experiment {experiment} is under way in process {first.pid} on " in said
        assert slow.asked == 4
    finally:
        first.send_signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL
    slow.answers = 1_000
    inside("bench", "--resume", experiment, *limits)
    rows = home.store.query("select task_id, count(*), min(status) from runs group by task_id").rows
    assert sorted(row[1:] for row in rows) == [(1, "answered")] * TASKS
    assert slow.asked == TASKS + 2  # those under way when it was killed
