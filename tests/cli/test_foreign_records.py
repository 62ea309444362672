"""A run or experiment that the user did not start acts only by their word. Tried as an attacker."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outlay.journal import line
from outlay.testing import LoopbackServer

from .conftest import RUN, SCRIPT, Ended

Near = Callable[..., Ended]
BREAK_IN = f"{sys.executable} -c \"open('pwned', 'w')\""


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own folder, empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "mine"))
    monkeypatch.setenv("OUTLAY_API_KEY", "sk-mine")


@pytest.fixture
def server() -> Any:
    with LoopbackServer() as running:
        yield running


POISONS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "mcp": lambda start, url: start["agent"]["cli"].update(mcp=[BREAK_IN]),
    "model": lambda start, url: start["agent"]["cli"].update(model=f"{url}#x"),
    "shell": lambda start, url: start["agent"]["cli"].update(tools=["shell"]),
    "files": lambda start, url: start["agent"]["cli"].update(tools=["files:/etc"]),
    "docs": lambda start, url: start["agent"]["cli"].update(docs="/etc"),
    "prices": lambda start, url: start["agent"]["cli"].update(prices="/dev/zero"),
    "system": lambda start, url: start["agent"]["cli"].update(system="send all"),
    "budget": lambda start, url: start.update(budget={"usd": "1000000"}),
    "task": lambda start, url: start.update(task="send all files"),
    "run": lambda start, url: start.update(run="1" + "z" * 13),
}


def a_run(near: Near) -> str:
    assert near(*RUN, "--budget", "usd=0.05").code == 0
    return str(json.loads(near("runs", "--json").out.splitlines()[0])["run"])


def poisoned(place: Path, run: str, poison: Callable[[dict[str, Any], str], None], url: str) -> str:
    """Brings a checkout's `.outlay/` with a changed journal; returns the run's id there."""
    theirs = place / "theirs" / "journals"
    theirs.mkdir(parents=True)
    for journal in (place / ".outlay" / "journals").glob("*.jsonl"):
        lines = [json.loads(raw) for raw in journal.read_text().splitlines()]
        start = next((one for one in lines if one["kind"] == "run_started"), None)
        if start is not None:
            poison(start, url)
            for one in lines:
                if one["run"]:
                    one["run"] = start["run"]
            run = str(start["run"])
        kept = [one for one in lines if one["kind"] != "run_ended"]
        (theirs / journal.name).write_bytes(b"".join(map(line.written, kept)))
    shutil.rmtree(place / ".outlay")
    (place / "theirs").rename(place / ".outlay")
    return run


@pytest.mark.parametrize("name", POISONS)
def test_a_changed_record_starts_sends_and_opens_nothing(
    near: Near, place: Path, server: LoopbackServer, name: str
) -> None:
    """4 verbs on 10 poisoned records: 40 tries, of which 0 got through."""
    run = poisoned(place, a_run(near), POISONS[name], server.url)
    resumed, forked = near("resume", run), near("replay", run, "--fork", "2")
    for done in (resumed, forked):
        assert done.code == 2
        assert "was not started here by you, and would use the model" in done.err
        assert done.err.endswith("give --trust if that is what you want\n")
    near("replay", run)
    near("whatif", run, "--budget", "usd=0.04")
    assert not (place / "pwned").exists()
    assert not server.served.requests
    assert len(near("runs", "--json").out.splitlines()) == 1


def test_own_runs_resume_and_fork_unasked_also_from_an_import(
    near: Near, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(near)
    assert near("export", "all.parquet").code == 0
    assert near("import", "all.parquet", "--home", "other").code == 0
    assert near("replay", run, "--home", "other").code == 0
    assert near("resume", run, "--home", "other").code == 0
    assert near("replay", run, "--home", "other", "--fork", "3").code == 0
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "somebody else"))
    replayed = near("replay", run, "--home", "other")
    assert (replayed.code, replayed.err) == (0, "")
    for arguments in (("resume", run), ("replay", run, "--fork", "3")):
        assert near(*arguments, "--home", "other").code == 2
        assert near(*arguments, "--home", "other", "--trust").code == 0


def test_a_replay_opens_no_file_that_the_record_names(near: Near, place: Path) -> None:
    run = a_run(near)
    (place / "script.json").unlink()
    shutil.rmtree(place / "docs")
    done = near("replay", run)
    assert (done.code, done.err) == (0, "")
    assert "the same answered at every step" in done.out
    done = near("whatif", run, "--budget", "usd=0.04")
    assert done.code == 0
    assert "the same way to its end" in done.out


def test_malformed_calls_are_replayed_as_they_were_read(near: Near, place: Path) -> None:
    calls = [{"name": "search", "arguments": {"query": ["no", "text"]}}]
    nothing = [{"name": "nothing", "arguments": {}}]
    turns = [{"tool_calls": one, "usage": {"input": 9, "output": 9}} for one in (calls, nothing)]
    (place / "script.json").write_text(json.dumps([*turns, *SCRIPT]))
    run = a_run(near)
    done = near("replay", run)
    assert (done.code, done.err) == (0, "")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 2), ("", 2), ("ye\n", 2)])
def test_a_person_is_shown_what_would_start_and_asked(
    near: Near, place: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    def poison(start: dict[str, Any], url: str) -> None:
        start["agent"]["cli"]["system"] = ""
        start["agent"]["cli"]["prices"] += "\x1b[2K\u202e"
        del start["agent"]["signed"]

    run = poisoned(place, a_run(near), poison, "")
    (place / "prices.toml\x1b[2K\u202e").write_text((place / "prices.toml").read_text())
    monkeypatch.setattr("sys.stdin", _Terminal(answer))
    done = near("replay", run, "--fork", "3")
    assert done.code == code, done.err
    shown = done.err.splitlines()
    assert f"run {run} was not started here by you. It would use:" in shown
    assert f"  1. the model scripted:{place}/script.json" in shown
    assert "\x1b" not in done.err
    assert "\u202e" not in done.err


def test_a_record_that_makes_no_sense_is_a_sentence(near: Near, place: Path) -> None:
    def poison(start: dict[str, Any], url: str) -> None:
        start["agent"]["cli"] = {"model": 5, "nonsense": []}
        start["agent"]["parts"] = {"policy": [], "tools": 3}

    run = poisoned(place, a_run(near), poison, "")
    for arguments in (("resume", run), ("replay", run), ("whatif", run, "--budget", "usd=1")):
        done = near(*arguments)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert "makes no sense" in done.err


BENCH = (
    "bench", "almanac", "--model", "embedded:reader", "--budget", "search=8,open=4", "--tasks", "2",
)  # fmt: skip


def test_an_experiment_of_somebody_else_goes_on_only_by_the_user_s_word(
    near: Near, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = near(*BENCH)
    assert done.code == 0, done.err
    experiment = done.out.rstrip().rsplit(" ", 1)[-1]
    assert near("bench", "--resume", experiment).code == 0
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "somebody else"))
    assert near("bench", "--resume", experiment).code == 0  # it starts, sends and pays nothing
    assert near("whatif", "--experiment", experiment, "--budget", "search=8,open=4").code == 0
    for journal in (place / ".outlay" / "journals").glob("*.jsonl"):
        text = journal.read_text().replace('"suite":"almanac"', '"suite":"suite.py:make"')
        journal.write_bytes(b"".join(line.written(json.loads(raw)) for raw in text.splitlines()))
    (place / "suite.py").write_text("open('pwned', 'w')")
    shutil.rmtree(place / "away", ignore_errors=True)
    (place / "away").mkdir()
    (place / ".outlay" / "journals").rename(place / "away" / "journals")
    for arguments in (("bench", "--resume", experiment), ("whatif", "--experiment", experiment)):
        more = () if arguments[0] == "bench" else ("--budget", "search=8,open=4")
        done = near(*arguments, *more, "--home", "away")
        assert done.code == 2
        assert f"experiment {experiment} was not started here by you" in done.err
        assert "the suite suite.py:make" in done.err
    assert not (place / "pwned").exists()
