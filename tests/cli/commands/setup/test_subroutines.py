"""`outlay subroutines`: mine, list, export, delete."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from outlay.agent import Home
from outlay.cli.commands.setup.subroutines import subroutines
from outlay.journal.events import Event
from outlay.ledger.errors import UsageError
from outlay.planners.toolpath import SubroutineLibrary, SubtaskTrace
from outlay.planners.toolpath.trace import TraceStep

Verb = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which 30 subtasks are recorded: an axe that fails, then a saw that does not."""
    place = Home.at(tmp_path / "home")
    axe, saw = (
        TraceStep(
            tool=tool, takes=("log",), gives=("board",), ok=ok, usd=Decimal("0.02"), quality=0.8
        )
        for tool, ok in (("axe", False), ("saw", True))
    )
    trace = SubtaskTrace(
        want="board", material="hard", have=("log",), ok=True, steps=(axe, saw), searches=1,
        expansions=4,
    )  # fmt: skip
    for number in range(30):
        body = {"value": trace.to_dict()}
        place.journal.append(Event(f"run{number}", 0, "value", key="0/check/3/0/0", body=body))
    place.close()
    return tmp_path / "home"


@pytest.fixture
def verb(home: Path) -> Verb:
    """Runs the verb on that home and returns its output."""
    app = typer.Typer()
    app.command()(subroutines)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments, "--home", str(home)])
        if done.exception is not None:
            raise done.exception
        return done.stdout

    return run


def test_what_is_mined_is_listed_and_exported(verb: Verb, home: Path) -> None:
    assert "No subroutines in" in verb()
    assert "2 subroutines are active (2 new, 0 retired), learned from 30" in verb("mine")
    assert "2 subroutines are active (0 new, 0 retired)" in verb("mine")
    rows = [json.loads(line) for line in verb("list", "--json").splitlines()]
    assert {row["material"] for row in rows} == {None, "hard"}
    assert all((row["tools"], row["want"]) == (["saw"], "board") for row in rows)
    listed = verb("--plain")
    assert all(row["name"] in listed for row in rows)
    assert "-50.0%" in listed
    assert SubroutineLibrary.from_dict(json.loads(verb("export"))) == SubroutineLibrary.load(
        home / "subroutines.json"
    )


def test_what_is_deleted_is_not_listed_and_not_mined_again(verb: Verb) -> None:
    verb("mine")
    first, second = sorted(json.loads(line)["name"] for line in verb("--json").splitlines())
    assert f"subroutine {first} is deleted" in verb("delete", first)
    assert "1 subroutines are active (0 new" in verb("mine")
    assert [json.loads(line)["name"] for line in verb("--json").splitlines()] == [second]
    with pytest.raises(UsageError, match=f"known are {second}"):
        verb("delete", first)
    with pytest.raises(UsageError, match="which one is to be deleted"):
        verb("delete")
