"""`outlay run`: what it prints, how it ends, what it says when something is missing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from outlay.testing import LoopbackServer

from ...conftest import PROGRAM, RUN, Outlay, golden, hear_ctrl_c, run_id, steady


def test_a_run_reads_like_this(outlay: Outlay) -> None:
    done = outlay(*RUN, "--budget", "usd=0.10,search=8")
    assert steady(done.stdout) == golden("run")
    assert (done.returncode, done.stderr) == (0, "")


def test_plain_output_has_neither_escapes_nor_blanks_at_line_ends(outlay: Outlay) -> None:
    done = outlay(*RUN, "--budget", "usd=0.10", "--plain", env={"FORCE_COLOR": "1"})
    assert "\x1b" not in done.stdout
    assert not re.search(r"[ \t]$", done.stdout, re.MULTILINE)


def test_json_is_one_exact_object(outlay: Outlay) -> None:
    done = outlay(*RUN, "--budget", "usd=0.10", "--json")
    found = json.loads(done.stdout, parse_float=str)
    assert (found["status"], found["answer"]) == ("answered", "Ada Quill")
    assert found["cost_usd"] == "0.005024"
    assert found["spend"]["tool_calls"] == 2


def test_a_used_up_budget_ends_with_3_and_says_how_to_go_on(outlay: Outlay) -> None:
    done = outlay(*RUN, "--budget", "model_calls=2")
    assert done.returncode == 3
    assert "status   budget exhausted" in done.stdout
    assert f"outlay resume {run_id(done.stdout)} --add model_calls=…" in done.stdout


def test_a_failed_run_ends_with_1(outlay: Outlay, place: Path) -> None:
    (place / "script.json").write_text('[{"error": "no"}]')
    done = outlay(*RUN, "--budget", "usd=0.10")
    assert done.returncode == 1
    assert "status   failed (no)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "x", "--model", "embedded"], "a budget is required: give --budget usd=0.10, or"),
        (["run", "x", "--budget", "usd=1"], "a model is required: give --model"),
        (["run", " ", "--model", "embedded", "--budget", "usd=1"], "the task is empty"),
        (["run", "x", "--model", "nope", "--budget", "usd=1"], "unknown model 'nope'"),
        ([*RUN, "--budget", "usd=-1"], "'-1' is not a number"),
        ([*RUN, "--budget", "fetch=1"], "neither a resource nor a tool"),
        ([*RUN, "--budget", "usd=1", "--tool", "nope"], "no tool 'nope' ships with outlay"),
        ([*RUN, "--budget", "usd=1", "--planner", "no"], "no planner is called 'no'"),
        (["run", "x", "--model", "openai/gpt-5-mini", "--budget", "usd=1"], "needs a key"),
        (["run"], "missing argument"),
        (["run", "x", "--tasks", "1"], "no such option"),
        (["runz"], "no such command"),
        ([*RUN, "--budget", "usd=1", "--max-output", "few"], "--max-output 'few'"),
    ],
)
def test_wrong_usage_is_one_sentence_and_ends_with_2(
    complaint: Callable[..., str], arguments: list[str], says: str
) -> None:
    assert says in complaint(*arguments)


def test_wrong_usage_in_a_process_of_its_own(outlay: Outlay) -> None:
    done = outlay("run", "x", "--model", "embedded")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_ctrl_c_ends_the_run_as_cancelled_and_tells_what_was_spent(
    outlay: Outlay, place: Path, server: LoopbackServer
) -> None:
    model = f"{server.url}#turns-3-wait-60000ms"
    command = [PROGRAM, "run", "x", "--model", model, "--budget", "tokens=90k"]
    with subprocess.Popen(
        command,
        preexec_fn=hear_ctrl_c,
        cwd=place,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        while not server.served.requests:
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        output = running.communicate(timeout=60)[0]
    assert running.returncode == 130
    assert "status   cancelled\n" in output
    assert "whose bill has not come" in output
    [row] = map(json.loads, outlay("runs", "--json").stdout.splitlines())
    assert row["status"] == "cancelled"


def test_what_others_wrote_cannot_steer_the_terminal(outlay: Outlay, place: Path) -> None:
    (place / "docs" / "melun.md").write_text("\x1b]0;owned\x07 \x1b[2J\u202e Ada Quill")
    for arguments in ([*RUN, "--budget", "usd=0.10"], ["sql", "from tool_calls"]):
        output = outlay(*arguments).stdout
        assert "Ada Quill" in output
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", output)


def test_every_option_comes_from_the_file_too(outlay: Outlay, place: Path) -> None:
    (place / "outlay.toml").write_text(
        'model = "scripted:script.json"\nprices = "prices.toml"\nhome = "elsewhere"\n'
        'budget = "search=3"\n[run]\ndocs = "docs"\nplanner = "tracker"\n'
    )
    assert outlay("trust").returncode == 0
    done = outlay("run", "x", "--budget", "search=4", env={"OUTLAY_PLANNER": "react"})
    assert "· react · full · search=4" in done.stdout
    assert (place / "elsewhere" / "journals").is_dir()
