"""`outlay train rows` and `outlay train export`, on runs over the loopback server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from outlay.agent import Agent, AgentOptions, Home, RunLabels
from outlay.benchmarks.suites.almanac import almanac
from outlay.cli import main
from outlay.cli.commands.train.app import train
from outlay.cli.commands.train.rows import ExportFormat
from outlay.ledger.errors import UsageError
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.training.data.recorded_runs import recorded
from outlay.training.data.row_files import read_rows
from outlay.training.data.suite_context import SuiteContext
from outlay.training.export.targets import OF_TASKS, TARGETS, ExportData

Verb = Callable[..., str]

LOOK = ScriptedAnswer(tool_calls=({"name": "lookup", "arguments": {"query": "it"}},))


@pytest.fixture
def verb(home: Path) -> Verb:
    """Runs a verb of `outlay train` and returns its output."""

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(train, [*arguments, "--home", str(home)])
        if done.exception is not None:
            raise done.exception
        return done.stdout

    return run


@pytest.fixture
def two_runs(server: LoopbackServer, agent_for: Callable[..., Agent], home: Path) -> None:
    """A task that is solved once by looking it up, and once guessed wrong."""
    for score, steps in (
        (1.0, (LOOK, ScriptedAnswer("Answer: 4"))),
        (0.0, (ScriptedAnswer("Answer: 5"),)),
    ):
        server.steps(*steps)
        run = agent_for().run_sync("What is it?").run
        Home.at(home).write_score(run, score, success=score == 1)


@pytest.mark.usefixtures("two_runs")
def test_rows(verb: Verb, tmp_path: Path) -> None:
    out = tmp_path / "rows.parquet"
    assert f"2 rows of 2 trajectories in {out}" in verb("rows", "--out", str(out))
    assert [len(row.trained) for row in read_rows(out)] == [2, 1]
    verb("rows", "--solved", "--out", str(out))
    assert [len(row.trained) for row in read_rows(out)] == [2]


@pytest.mark.usefixtures("two_runs")
def test_every_form_of_runs(verb: Verb, tmp_path: Path) -> None:
    sizes = {}
    for form in sorted(set(TARGETS) - OF_TASKS):
        out = tmp_path / f"{form}.jsonl"
        assert f"for {form} in {out}" in verb("export", "--to", form, "--out", str(out))
        sizes[form] = len(out.read_text().splitlines())
    assert sizes == {
        "art": 2, "traces": 2, "trl-async": 2, "trl-dpo": 1, "trl-kto": 3, "trl-sft": 2,
        "verl-outputs": 2, "verl-sft": 2,
    }  # fmt: skip
    pair = json.loads((tmp_path / "trl-dpo.jsonl").read_text())
    assert pair["chosen"][0]["tool_calls"][0]["function"]["name"] == "lookup"
    assert pair["rejected"][0]["content"] == "Answer: 5"


@pytest.mark.usefixtures("two_runs")
def test_settings_of_the_file_reach_the_verbs(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "outlay.toml"
    file.write_text(f'home = "{home}"\n[train.rows]\nsolved = true\nout = "mine.jsonl"\n')
    with pytest.raises(SystemExit) as end:
        main(["--config", str(file), "train", "rows"])
    assert end.value.code == 0
    assert len(read_rows(tmp_path / "mine.jsonl")) == 1


@pytest.mark.parametrize("form", sorted(OF_TASKS))
def test_every_form_of_tasks(verb: Verb, tmp_path: Path, form: str) -> None:
    out = tmp_path / "tasks.parquet"
    told = ("--suite", "almanac", "--tasks", "3", "--out", str(out))
    assert f"3 records for {form}" in verb("export", "--to", form, *told)


def test_attempts_are_judged_one_by_one(
    server: LoopbackServer, agent_for: Callable[..., Agent], home: Path, tmp_path: Path
) -> None:
    """The run's answer is right, the first of its attempts was not; they begin alike."""
    suite = almanac()
    (task,) = suite.tasks(1, 0)
    server.steps(
        ScriptedAnswer("Answer: wrong"),
        *(ScriptedAnswer(f"Answer: {task.gold[0]}") for _ in range(2)),
    )
    made = agent_for(planner="vote:n=3", options=AgentOptions(system=suite.system_prompt))
    run = made.run_sync(task.prompt, labels=RunLabels(task_id=task.id)).run
    Home.at(home).write_score(run, 1.0, success=True)
    known = SuiteContext(suite=suite, tasks={task.id: task})
    (found,) = recorded(Home.at(home).store, known=known)
    scores = [outcome.score for outcome in found.outcomes.values()]
    assert scores == [0.0, 1.0, 1.0]
    assert {tool.name for tool in found.rows[0].tools} == {"search", "open"}
    (pair,) = TARGETS["trl-dpo"](ExportData(runs=(found,), known=known))
    assert pair["rejected"][0]["content"] == "Answer: wrong"
    (plain,) = recorded(Home.at(home).store)
    assert {outcome.score for outcome in plain.outcomes.values()} == {1.0}


def test_nothing_to_train_on_is_refused(verb: Verb, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is nothing to train on"):
        verb("rows", "--out", str(tmp_path / "rows.parquet"))
    with pytest.raises(UsageError, match="name their suite"):
        verb("export", "--to", "verl-tasks", "--out", str(tmp_path / "tasks.parquet"))


@pytest.mark.usefixtures("two_runs")
def test_the_forms_of_the_command_are_those_that_there_are() -> None:
    assert {target.value for target in ExportFormat} == set(TARGETS)
