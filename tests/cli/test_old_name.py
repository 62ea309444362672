"""What the command line says of what was made under the package's old name."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlay.agent import Agent
from outlay.journal.journal import Journal
from outlay.policies import ScriptedPolicy

from .conftest import Outlay

OPENING = (("runs",), ("sql", "select run from runs"), ("train", "rows"), ("show", "r"))
"""Verbs that open the home in different ways."""


def old_home(place: Path, folder: str) -> Path:
    home = place / folder
    agent = Agent(model=ScriptedPolicy(["Answer: yes"]), budget="model_calls=5", home=home)
    agent.run_sync("x", run="r")
    agent.home.store.load()
    agent.home.close()
    (home / "outlay.duckdb").rename(home / "bursar.duckdb")
    return home


@pytest.mark.parametrize("verb", OPENING, ids=lambda verb: verb[0])
def test_the_first_verb_renames_the_default_home(outlay: Outlay, place: Path, verb: str) -> None:
    old_home(place, ".bursar")
    done = outlay(*verb)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        ".bursar is now .outlay: the package bursar is called outlay",
        f"{place}/.outlay/bursar.duckdb is now outlay.duckdb: the package bursar is called outlay",
    ]
    again = outlay("runs")
    assert (again.returncode, again.stderr) == (0, "")
    assert "yes" in again.stdout


def test_in_a_home_that_is_named_only_the_store_is_renamed(outlay: Outlay, place: Path) -> None:
    home = old_home(place, "kept")
    done = outlay("sql", "select answer from runs", env={"OUTLAY_HOME": "kept"})
    assert ("yes" in done.stdout, done.stderr.count("\n")) == (True, 1)
    assert (home / "outlay.duckdb").exists()


def test_nothing_is_renamed_under_a_live_process(outlay: Outlay, place: Path) -> None:
    home = old_home(place, ".bursar")
    journal = Journal(home)
    done = outlay("runs")
    journal.close()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "a live process still writes" in done.stderr
    assert home.is_dir()


def test_the_doctor_renames_nothing(outlay: Outlay, place: Path) -> None:
    home = old_home(place, ".bursar")
    done = outlay("doctor")
    assert "renames .bursar" in " ".join(done.stdout.split())
    assert home.is_dir()


def test_old_settings_are_named_and_not_read(outlay: Outlay, place: Path) -> None:
    (place / "bursar.toml").write_text('home = "elsewhere"\nnonsense = 1\n')
    done = outlay("runs", env={"BURSAR_HOME": "there", "BURSAR_JSON": "1"})
    assert done.returncode == 0
    assert done.stderr == (
        f"outlay: not read: {place}/bursar.toml, BURSAR_HOME, BURSAR_JSON; bursar is called "
        "outlay, rename them to outlay.toml and OUTLAY_…\n"
    )
    assert sorted(path.name for path in place.glob("*[et]here")) == []
    (place / "outlay.toml").write_text("")
    assert outlay("runs").stderr == ""
