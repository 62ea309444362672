"""Servers that bill only the part of a prompt that was not cached end no later run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outlay.agent import Agent
from outlay.testing import LoopbackServer, ScriptedAnswer

CALLS = ({"name": "lookup", "arguments": {"query": "x"}},)
TASK = "What is it? " + "It has been said of it that it is. " * 2_000


def billed(*prompts: int) -> list[ScriptedAnswer]:
    *first, last = ({"prompt_tokens": prompt, "completion_tokens": 5} for prompt in prompts)
    return [
        *(ScriptedAnswer(tool_calls=CALLS, usage=usage) for usage in first),
        ScriptedAnswer("Answer: 7", usage=last),
    ]


@pytest.mark.parametrize(
    "prompts",
    [(15_279, 56, 15_391), (56, 15_391), (15_279, 15_280, 1, 15_500), (1, 2, 15_400)],
    ids=str,
)
async def test_an_honest_bill_after_a_partial_one_is_no_overrun(
    prompts: tuple[int, ...], agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(*billed(*prompts))
    result = await agent_for(budget="usd=1").run(TASK)
    assert (result.status, result.answer) == ("answered", "7")
    assert [event.body["input"] for event in book.events("settle") if "reply" in event.body] == [
        *prompts
    ]
    assert not book.events("overrun")


async def test_a_partial_bill_of_one_run_does_not_end_another(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for(budget="usd=1")
    server.steps(*billed(56), *billed(15_391))
    for _ in range(2):
        assert (await agent.run(TASK)).status == "answered"
    first, second = book.model_holds
    assert second.body["input_tokens"] >= first.body["input_tokens"]
    assert not book.events("overrun")
