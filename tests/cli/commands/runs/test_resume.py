"""`outlay resume`: after an end for want of budget, after SIGKILL, and where it is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from outlay.agent import Agent
from outlay.cli.absolute_names import absolute_model
from outlay.policies import ScriptedPolicy
from outlay.testing import LoopbackServer

from ...conftest import PROGRAM, RUN, Outlay, run_id


def test_more_budget_goes_on_where_the_run_ended(outlay: Outlay) -> None:
    run = run_id(outlay(*RUN, "--budget", "model_calls=2").stdout)
    done = outlay("resume", run, "--add", "model_calls=3")
    assert done.returncode == 0
    assert "answer   Ada Quill" in done.stdout
    assert "resumed (cumulative, mo" in done.stdout
    again = outlay("resume", run)
    assert "the run had ended: nothing was done or paid" in again.stdout
    assert again.returncode == 0


def test_a_killed_run_is_interrupted_and_goes_on(
    outlay: Outlay, place: Path, server: LoopbackServer
) -> None:
    def slow(body: dict[str, object]) -> object:
        step = script(body)
        return step if server.served.requests != 2 else type(step)(**{**vars(step), "wait": 60.0})

    script = server.script
    server.script = slow  # type: ignore[assignment]
    model = f"{server.url}#turns-2"
    command = [PROGRAM, "run", "x", "--docs", "docs", "--model", model, "--budget", "search=9"]
    with subprocess.Popen(
        command, cwd=place, env=dict(os.environ), stdout=subprocess.PIPE, text=True
    ) as running:
        while server.served.requests < 2:
            assert running.poll() is None
        [row] = map(json.loads, outlay("runs", "--json").stdout.splitlines())
        assert row["status"] == "running"
        busy = outlay("resume", row["run"])
        assert (busy.returncode, "live process" in busy.stderr) == (2, True)
        running.send_signal(signal.SIGKILL)
        running.wait()
    shown = outlay("show", row["run"]).stdout
    assert "status   interrupted" in shown
    assert "whose bill has not come" in shown
    done = outlay("resume", row["run"])
    assert "The answer after 2 turns is 42." in done.stdout
    assert "(try 2) → search" in done.stdout
    assert server.served.requests == 4


def test_an_unknown_run_is_one_sentence(outlay: Outlay) -> None:
    done = outlay("resume", "nono")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no run 'nono'" in done.stderr


def test_the_run_of_a_program_is_left_to_it(outlay: Outlay, place: Path) -> None:
    agent = Agent(model=ScriptedPolicy(["yes"]), budget="model_calls=5", home=place / ".outlay")
    run = agent.run_sync("x").run
    agent.home.close()
    done = outlay("resume", run)
    assert done.returncode == 2
    assert f"agent.resume('{run}')" in done.stderr


def test_a_model_means_the_same_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_model("embedded:w.npz") == f"embedded:{tmp_path / 'w.npz'}"
    assert absolute_model("scripted:s.json") == f"scripted:{tmp_path / 's.json'}"
    assert absolute_model("embedded:reader") == "embedded:reader"
    assert absolute_model("http://h:1/v1#m") == "http://h:1/v1#m"
