"""Forks: a recorded run's way up to a step, then a way of their own; nothing is paid twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Agent, Home
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import BudgetError, DriftError, UsageError
from outlay.ledger.usage import Usage
from outlay.planners import planner_names
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step, by_turn
from outlay.tools import tool

ASKING = [name for name in planner_names() if name not in ("toolpath", "instant", "reasoning")]
"""Those that ask a policy more than once."""
"""Planners that ask the policy."""
PRICES = '[models."scripted"]\ninput = 1\noutput = 10\n[models."other"]\ninput = 2\noutput = 20\n'


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query}"


def billed(message: Message) -> Reply:
    return Reply(message, Usage(input=200, output=20))


def searching(turns: int, answer: str = "7") -> list[Reply]:
    calls = [ToolCall(f"c{n}", "search", json.dumps({"query": f"q{n}"})) for n in range(turns)]
    said = [Message("assistant", f"Turn {n}.", (call,)) for n, call in enumerate(calls)]
    return [billed(message) for message in (*said, Message("assistant", f"Answer: {answer}"))]


@pytest.fixture
def agent_for(home: Home) -> Callable[..., Agent]:
    prices = home.path.parent / "prices.toml"
    prices.write_text(PRICES)

    def make(
        script: list[Reply] | Callable[[Request], Step],
        name: str = "scripted",
        planner: str = "react",
        budget: str = "usd=1",
    ) -> Agent:
        steps = by_turn(script) if isinstance(script, list) else script
        policy = ScriptedPolicy(steps, name=name, max_output=100)
        return Agent(
            model=policy, tools=[search], planner=planner, budget=budget, prices=prices,
            home=home.path,
        )  # fmt: skip

    return make


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


def asked(agent: Agent) -> int:
    policy = agent.policy
    assert isinstance(policy, ScriptedPolicy)
    return len(policy.requests)


async def test_the_same_agent_goes_the_same_way_from_every_step(
    agent_for: Callable[..., Agent], home: Home
) -> None:
    whole = await agent_for(searching(3)).run("Where?")
    money = whole.spend.usd
    for step in range(1, 8):
        agent = agent_for(searching(3))
        fork = await agent.fork(whole.run, step)
        assert (fork.text, fork.trajectory) == (whole.text, whole.trajectory)
        assert asked(agent) == 4 - step // 2
        money += fork.spend.usd
        replayed = await agent_for(searching(3)).replay(fork.run)
        assert (replayed.text, replayed.trajectory) == (fork.text, fork.trajectory)
    (booked,) = home.store.query("select sum(usd) from runs").rows[0]
    assert booked == money


async def test_another_policy_takes_over(agent_for: Callable[..., Agent]) -> None:
    whole = await agent_for(searching(3)).run("Where?")
    other = agent_for(searching(2, answer="8"), name="other")
    fork = await other.fork(whole.run, 3)
    assert fork.answer == "8"
    assert fork.trajectory[:4] == whole.trajectory[:4]
    assert asked(other) == 2
    assert fork.spend["model_calls"] == 2
    assert fork.spend.usd == 2 * Decimal("0.0008") + Decimal("0.001")
    events = other.home.events(fork.run)
    above = events[0].body["fork"]
    assert (above["run"], above["step"], above["spent"]["model_calls"]) == (whole.run, 2, 1)
    own = {event.body["hold"] for event in events if event.kind == "hold"}
    requests = [event.body["request"] for event in events if "request" in event.body]
    assert {request["base"] for request in requests} <= {None, *own}


async def test_what_was_spent_before_counts_against_the_budget(
    agent_for: Callable[..., Agent],
) -> None:
    whole = await agent_for(searching(3)).run("Where?")
    before = 2 * Decimal("0.0014")
    fork = await agent_for(searching(9), budget="usd=1").fork(whole.run, 5, budget="usd=0.01")
    assert fork.status == "budget_exhausted"
    assert fork.spend.usd + before <= Decimal("0.01")
    with pytest.raises(BudgetError, match="limits 'fetch'"):
        await agent_for(searching(3)).fork(whole.run, 5, budget="fetch=3")


async def test_another_planner_can_take_over_where_it_asks_the_same(
    agent_for: Callable[..., Agent],
) -> None:
    whole = await agent_for(searching(3)).run("Where?")
    with pytest.raises(DriftError, match=r"at step 1: fork it there \(step 1\)"):
        await agent_for(searching(3), planner="tracker").fork(whole.run, 3)
    fork = await agent_for(searching(3), planner="tracker").fork(whole.run, 1)
    assert fork.answer == "7"
    fork = await agent_for(searching(3), planner="vote:n=2").fork(whole.run, 5)
    assert (fork.answer, fork.spend["model_calls"]) == ("7", 2 + 4)


async def test_forks_of_forks_and_their_resumes(
    agent_for: Callable[..., Agent], home: Home
) -> None:
    whole = await agent_for(searching(5)).run("Where?")
    first = await agent_for(searching(5, answer="8")).fork(whole.run, 3)
    turn = by_turn(searching(5, answer="9"))

    def breaks(request: Request) -> Step:
        if sum(message.role == "assistant" for message in request.messages) == 4:
            raise RuntimeError("gone")
        step = turn(request)
        assert isinstance(step, Reply)
        return step

    second = await agent_for(breaks).fork(first.run, 7)
    assert second.status == "failed"
    again = agent_for(searching(5, answer="9"))
    resumed = await again.resume(second.run)
    assert (resumed.status, resumed.answer) == ("answered", "9")
    assert resumed.trajectory[:-1] == whole.trajectory[:-1]
    assert asked(again) == 2
    assert resumed.spend["model_calls"] == 4


@pytest.mark.parametrize("step", [0, 9, -1])
async def test_a_step_that_is_not_there_is_named(
    agent_for: Callable[..., Agent], step: int
) -> None:
    whole = await agent_for(searching(3)).run("Where?")
    with pytest.raises(UsageError, match=f"has steps 1 to 7, and none numbered {step}"):
        await agent_for(searching(3)).fork(whole.run, step)


@pytest.mark.parametrize("name", ASKING)
async def test_every_planner_can_be_forked_in_its_middle(
    agent_for: Callable[..., Agent], home: Home, name: str
) -> None:
    def script(request: Request) -> Step:
        heading = request.messages[-1].content.split("\n")[0]
        if heading.startswith("# "):
            return billed(Message("assistant", "{}"))
        searched = any(message.role == "tool" for message in request.messages)
        return searching(1)[int(searched)]

    whole = await agent_for(script, planner=name).run("Where?")
    steps = max(home.record(whole.run).steps)
    fork = await agent_for(script, planner=name).fork(whole.run, steps // 2 + 1)
    assert [m.content for m in fork.trajectory][1:] == [m.content for m in whole.trajectory][1:]
    assert (fork.text, fork.status, fork.trajectory) == (whole.text, whole.status, whole.trajectory)
    assert fork.spend["model_calls"] < whole.spend["model_calls"]
