"""Experiments over suites whose worlds judge, and whose scorers measure more than success."""

from __future__ import annotations

import asyncio
from pathlib import Path

import duckdb
import pytest

from outlay.agent import Home
from outlay.benchmarks.experiments import experiment
from outlay.benchmarks.experiments.experiment import ExperimentPlan, run_experiment
from outlay.benchmarks.experiments.past_experiments import read_experiments
from outlay.benchmarks.reports.export import write_csv, write_parquet
from outlay.benchmarks.reports.terminal.experiment_report import render_plain, summarise
from outlay.journal.records import Request, ToolCall
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step

from .suites.published.samples import HOTPOT, HOTPOT_YES, write

OWN = """
from outlay.benchmarks.suites.call_world import CallSuite, CallWorld, WorldFunction, dispatch
from outlay.benchmarks.suites.records import DatasetRecord
from outlay.benchmarks.suite import Task


class Counter(CallWorld):
    number = 0

    def functions(self):
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        return [WorldFunction(name="add", description="Adds.", parameters=schema)]

    def run(self, call):
        return dispatch(self._add, call)

    def _add(self, n):
        self.number += n
        return str(self.number)

    def score(self, answer):
        return float(self.number == 5)


class Counters(CallSuite):
    name = "counters"
    system_prompt = "Make it 5."
    records = {str(n): None for n in range(3)}

    def tasks(self, n, seed):
        return [self.task(str(k)) for k in range(n)]

    def task(self, record):
        return Task(id=record, prompt=f"Make it 5 ({record}).", kind="add", gold=())

    def world(self, task):
        return Counter()


def counters():
    return Counters()
"""


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What policies do in turn; an experiment takes the next one."""
    policies: list[object] = []
    monkeypatch.setattr(experiment, "policy", lambda spec: policies.pop(0))
    return policies


def adding(request: Request) -> Step:
    done = sum(message.role == "tool" for message in request.messages)
    return [ToolCall("a", "add", '{"n": 2}'), ToolCall("b", "add", '{"n": 3}'), "Done."][done]


async def test_the_world_judges_and_a_resumed_run_finds_it_as_it_was(
    tmp_path: Path, scripted: list[object]
) -> None:
    own = tmp_path / "own.py"
    own.write_text(OWN)
    plan = ExperimentPlan(
        suite=f"{own}:counters", policy="scripted", planners=("react",),
        budgets=("tool_calls=4",), tasks=3,
    )  # fmt: skip
    started: list[str] = []

    def breaking(request: Request) -> Step:
        if request.messages[-1].role == "tool" and "(2)" in request.messages[1].content:
            whole.cancel()
        return adding(request)

    scripted += [ScriptedPolicy(breaking), ScriptedPolicy(adding)]
    whole = asyncio.ensure_future(
        run_experiment(plan, home=tmp_path, concurrency=1, on_start=started.append)
    )
    with pytest.raises(asyncio.CancelledError):
        await whole
    outcome = await run_experiment(None, home=tmp_path, resume=started[0])
    assert [row.score for row in outcome.rows] == [1, 1, 1]
    assert [row.tool_calls for row in outcome.rows] == [2, 2, 2]
    Home.at(tmp_path).close()


async def test_what_a_scorer_measures_is_kept_reported_and_exported(
    tmp_path: Path, scripted: list[object]
) -> None:
    data = write(tmp_path / "d.jsonl", HOTPOT, HOTPOT_YES)
    scripted += [
        ScriptedPolicy(lambda request: "Sources: Soral #1\nAnswer: Ada"),
        ScriptedPolicy([]),
    ]
    plan = ExperimentPlan(
        suite="hotpotqa", knobs={"data": str(data)}, policy="scripted", planners=("react",),
        budgets=("search=2",), tasks=2,
    )  # fmt: skip
    outcome = await run_experiment(plan, home=tmp_path)
    found = {row.kind: row.metrics for row in outcome.rows}
    assert found["bridge"]["f1"] == pytest.approx(2 / 3)
    assert found["bridge"]["support_em"] == 0
    assert found["comparison"]["f1"] == 0
    again = await run_experiment(None, home=tmp_path, resume=outcome.experiment)
    assert [row.metrics for row in again.rows] == [row.metrics for row in outcome.rows]
    recorded = read_experiments(Home.at(tmp_path), [outcome.experiment]).rows
    assert {row.kind: row.metrics for row in recorded} == found
    told = render_plain(summarise(recorded))
    assert "The scorer's metrics" in told
    assert "33.3 %" in told

    write_csv(tmp_path / "rows.csv", recorded)
    assert '""f1"": 0.6666666666666666' in (tmp_path / "rows.csv").read_text()
    write_parquet(tmp_path / "rows.parquet", recorded)
    means = duckdb.execute(
        "select avg(metrics['f1']) from read_parquet(?)", [str(tmp_path / "rows.parquet")]
    )
    assert means.fetchall() == [(pytest.approx(1 / 3),)]
    Home.at(tmp_path).close()
