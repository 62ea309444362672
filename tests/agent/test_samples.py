"""Several samples of one prompt: in one call where the policy can, else in as many as it takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import START, StateGraph

from outlay.agent import Agent, AgentOptions
from outlay.journal.effects import Refusal
from outlay.journal.records import Message, Reply, Request
from outlay.ledger.budget import Budget
from outlay.ledger.errors import BudgetError
from outlay.ledger.usage import Usage
from outlay.planners import Planner, State
from outlay.planners.nodes import Nodes, end
from outlay.policies import ScriptedPolicy


def thrice() -> Planner:
    """Asks for three samples and answers with all of them."""

    class Thrice(Nodes):
        async def sample(self, state: State) -> Any:
            async with self.entered("sample", state) as (session, effects):
                reply = await effects.ask(session.trajectory.messages, samples=3)
                if isinstance(reply, Refusal):
                    return end(session, state, "failed", None, reply.why)
                said = [message.content for message in (reply.message, *reply.others)]
                return end(session, state, "answered", ",".join(said))

    def build(session: Any) -> Any:
        graph = StateGraph(State)
        graph.add_node("sample", Thrice(session).sample)
        graph.add_edge(START, "sample")
        return graph

    return Planner(name="thrice", build=build)


class Sampler(ScriptedPolicy):
    """Answers each request with as many samples as it is asked for, but no more than it knows."""

    def __init__(self, most: int) -> None:
        super().__init__(self._say, max_output=50)
        self.takes_samples = most > 1
        self._most = most
        self._said = 0

    def _say(self, request: Request) -> Reply:
        count = min(request.samples, self._most)
        first, *others = (Message("assistant", str(self._said + n)) for n in range(count))
        self._said += count
        return Reply(first, Usage(input=10, output=5 * count), others=tuple(others))


@pytest.mark.parametrize(
    ("most", "asked", "seeds"),
    [(1, [1, 1, 1], [7, 8, 9]), (2, [3, 1], [7, 9]), (3, [3], [7]), (5, [3], [7])],
)
async def test_three_samples(most: int, asked: list[int], seeds: list[int], home: Path) -> None:
    policy = Sampler(most)
    agent = Agent(
        model=policy, planner=thrice(), budget="tokens=100k,output_tokens=900", home=home,
        options=AgentOptions(seed=7),
    )  # fmt: skip
    result = await agent.run("Say a number.")
    assert sorted((result.text or "").split(",")) == ["0", "1", "2"]
    assert [request.samples for request in policy.requests] == asked
    assert [request.seed for request in policy.requests] == seeds
    assert result.spend["output_tokens"] == 15
    assert result.spend["model_calls"] == len(asked)
    again = await agent.replay(result.run)
    assert (again.text, again.spend) == (result.text, result.spend)


async def test_the_hold_is_for_all_samples(home: Path, tmp_path: Path) -> None:
    """Three samples of 50 tokens each do not fit beside the wrap-up into 120: each gets less."""
    policy = Sampler(3)
    agent = Agent(
        model=policy, planner=thrice(), budget="output_tokens=120", home=home,
        options=AgentOptions(min_output=10, wrap_up_tokens=30),
    )  # fmt: skip
    result = await agent.run("Say a number.")
    assert [request.max_tokens for request in policy.requests] == [30]
    holds = [event for event in agent.home.events(result.run) if event.kind == "hold"]
    assert [hold.body["output_tokens"] for hold in holds] == [90]


async def test_a_sample_that_was_refused_is_refused_in_a_what_if(home: Path) -> None:
    """Beside it the first sample was billed, which would make its bound smaller than it was."""
    policy = Sampler(1)
    with pytest.raises(BudgetError) as refused:
        await Agent(model=policy, planner=thrice(), budget="input_tokens=1", home=home).run("Go.")
    [least] = map(int, re.findall(r"at least input_tokens=(\d+)", str(refused.value)))
    budget = Budget(input_tokens=least + 5)
    agent = Agent(model=policy, planner=thrice(), budget=budget, home=home)
    result = await agent.run("Go.")
    assert (result.text, len(policy.requests)) == ("0", 1)
    supposed = await agent.what_if(result.run)
    assert (supposed.exact, supposed.why) == (True, "")
