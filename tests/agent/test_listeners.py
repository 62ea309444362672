"""Listeners of a home and of an agent hear all that is written, and can break nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outlay.agent import Agent, Home, delegate
from outlay.benchmarks.experiments.experiment import ExperimentPlan, run_experiment
from outlay.journal.events import Event
from outlay.journal.records import Message, Request, ToolCall
from outlay.policies import ScriptedPolicy

DELEGATES = ToolCall("d1", "delegate", json.dumps({"task": "ask on"}))


class Ear:
    """A listener that keeps what it heard, and fails at wish."""

    def __init__(self, *, fails: bool = False) -> None:
        self.events: list[Event] = []
        self._fails = fails

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if self._fails:
            raise ValueError("the listener is broken")

    @property
    def written(self) -> dict[str, list[str]]:
        """The kinds of the written events by run, in the order in which they came."""
        found: dict[str, list[str]] = {}
        for event in self.events:
            if event.kind != "text":
                found.setdefault(event.run, []).append(event.kind)
        return found


def in_journal(home: Home) -> dict[str, list[str]]:
    asked = "select run, kind from events where run <> '' order by run, seq, t"
    found = home.store.query(asked).rows
    kinds: dict[str, list[str]] = {}
    for run, kind in found:
        kinds.setdefault(run, []).append(kind)
    return kinds


def speaker(*calls: ToolCall) -> ScriptedPolicy:
    def script(request: Request) -> Message:
        if calls and not any(message.role == "tool" for message in request.messages):
            return Message("assistant", "", calls)
        return Message("assistant", "Answer: 7")

    return ScriptedPolicy(script)


@pytest.fixture
def three(home: Path) -> tuple[Agent, Ear]:
    """An agent that delegates to one that delegates to a third, and a listener of the first."""
    ear = Ear()
    third = Agent(model=speaker(), budget="model_calls=9", home=home)
    second = Agent(
        model=speaker(DELEGATES), tools=[delegate(third)], budget="model_calls=9", home=home
    )
    first = Agent(
        model=speaker(DELEGATES), tools=[delegate(second)], budget="model_calls=9", home=home,
        listeners=[ear],
    )  # fmt: skip
    return first, ear


async def test_an_agents_listener_hears_its_sub_agents_and_theirs(
    three: tuple[Agent, Ear], home: Path
) -> None:
    agent, ear = three
    alone, of_home = Ear(), Ear()
    Home.at(home).listen(of_home)
    result = await agent.run("go", listen=alone)
    assert list(alone.written) == [result.run]
    assert len(ear.written) == 3
    assert ear.written == of_home.written == in_journal(agent.home)


async def test_it_does_not_hear_other_agents(three: tuple[Agent, Ear], home: Path) -> None:
    _, ear = three
    await Agent(model=speaker(), budget="model_calls=9", home=home).run("go")
    assert ear.events == []


async def test_a_resumed_and_a_forked_run_are_heard(three: tuple[Agent, Ear], home: Path) -> None:
    agent, ear = three
    result = await agent.run("go", budget="model_calls=4")
    await agent.resume(result.run, mode="per_invocation")
    await agent.fork(result.run, 1)
    assert ear.written == in_journal(agent.home)


async def test_who_leaves_a_home_hears_no_more(home: Path) -> None:
    agent, ear = Agent(model=speaker(), budget="model_calls=9", home=home), Ear()
    leave = agent.home.listen(ear)
    first = await agent.run("go")
    leave()
    await agent.run("go")
    assert list(ear.written) == [first.run]


async def test_a_listener_that_raises_loses_nothing(
    three: tuple[Agent, Ear], home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    agent, ear = three
    broken = Ear(fails=True)
    leave = agent.home.listen(broken)
    result = await agent.run("go")
    leave()
    assert result.text == "Answer: 7"
    assert broken.written == ear.written == in_journal(agent.home)
    (record,) = [r for r in caplog.records if r.name == "outlay.journal.listeners"]
    assert "the listener Ear failed at event 0 (run_started)" in record.getMessage()


async def test_an_experiment_is_heard_with_its_scores(tmp_path: Path) -> None:
    home, ear = Home.at(tmp_path), Ear()
    home.listen(ear)
    plan = ExperimentPlan(
        suite="almanac", policy="embedded:reader", planners=("react",),
        budgets=("search=4,open=2",), tasks=2, repeats=1,
    )  # fmt: skip
    outcome = await run_experiment(plan, home=tmp_path)
    rows = {row.run for row in outcome.rows}
    heard, written = ear.written, in_journal(home)
    assert {run: sorted(heard[run]) for run in rows} == {run: sorted(written[run]) for run in rows}
    assert all("scored" in heard[run] for run in rows)
    home.close()
