"""Value-guided tree search: what steps are worth, and where it goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.agent import Agent, Result
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.usage import Usage
from outlay.planners.verified.bavt import residual_value, weights
from outlay.policies import ScriptedPolicy
from outlay.tools import tool

VALUES = st.lists(st.floats(0.1, 1.0), min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("score", "parent", "value"),
    [(5, 5, 0.55), (9, 5, 1.0), (10, 1, 1.0), (1, 5, 0.1), (1, 10, 0.1), (7, 5, 0.775)],
)
def test_what_counts_is_the_progress(score: int, parent: int, value: float) -> None:
    assert residual_value(score, parent) == pytest.approx(value)


@given(VALUES, st.floats(0, 1))
def test_chances_sum_to_one_and_follow_the_values(values: list[float], share: float) -> None:
    chances = weights(values, share)
    assert sum(chances) == pytest.approx(1)
    for (mine, my), (yours, your) in zip(
        zip(values, chances, strict=True), zip(values[1:], chances[1:], strict=False), strict=False
    ):
        assert (mine > yours) <= (my >= your)


def test_a_poor_budget_goes_for_the_best_and_a_rich_one_spreads() -> None:
    assert weights([0.5, 1.0], 1.0) == pytest.approx([1 / 3, 2 / 3])
    assert weights([0.5, 1.0], 0.05)[1] > 0.999
    shares = [weights([0.5, 1.0], share)[1] for share in (1.0, 0.6, 0.3, 0.1)]
    assert shares == sorted(shares)


async def searched(
    home: Path, scores: list[int], *, lasting: bool = False
) -> tuple[Result, list[Request]]:
    """Plays a policy that looks four times and answers; the critic gives the scores in turn."""
    given_scores = iter(scores)

    @tool(read_only=not lasting, inline=True)
    def look(place: str) -> str:
        """Looks."""
        return f"{place} is empty"

    def script(request: Request) -> Reply:
        usage = Usage(input=50, output=10)
        if request.messages[-1].content.startswith("# Judge"):
            score = json.dumps({"score": next(given_scores, 5)})
            return Reply(Message("assistant", score), usage)
        turn = sum(message.role == "tool" for message in request.messages)
        if turn == 4:
            return Reply(Message("assistant", "Answer: 7"), usage)
        call = ToolCall("c", "look", json.dumps({"place": str(turn)}))
        return Reply(Message("assistant", "So.", (call,)), usage)

    policy = ScriptedPolicy(script, max_output=100)
    agent = Agent(
        model=policy, tools=[look], planner="bavt", budget="tokens=20k,look=30", home=home
    )
    return await agent.run("Where?"), policy.requests


async def test_an_answer_of_enough_confidence_ends_it(home: Path) -> None:
    result, _ = await searched(home, [3, 5, 7, 8, 9] * 9)
    assert (result.status, result.answer) == ("answered", "7")


async def test_branches_tell_what_was_tried_and_how_it_was_scored(home: Path) -> None:
    _, requests = await searched(home, [2, 1, 2, 1, 2, 1])
    told = [
        message.content
        for request in requests
        for message in request.messages
        if message.content.startswith("Other ways have been tried")
    ]
    assert told
    assert '- look {"place": "0"}: 2' in told[0]


async def test_what_cannot_be_undone_is_not_tried_twice_from_the_same_place(home: Path) -> None:
    result, requests = await searched(home, [1] * 40, lasting=True)
    assert result.answer == "7"
    told = [m.content for r in requests for m in r.messages if m.content.startswith("Other ways")]
    assert not any("- look" in text for text in told)
    assert result.spend["tool_calls.look"] == 4
