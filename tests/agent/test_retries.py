"""Every try is a hold of its own; what may have been billed stays booked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outlay.agent import Agent, AgentOptions
from outlay.agent.effects.retry import retrying
from outlay.ledger.account import Account
from outlay.ledger.budget import Budget
from outlay.ledger.errors import CallRefused, OutcomeUnknown
from outlay.policies import Endpoint
from outlay.testing import LoopbackServer, ScriptedAnswer

SOON = {"retry-after": "0"}
REFUSED = [ScriptedAnswer(status=status, headers=SOON) for status in (408, 409, 429, 503)]
UNKNOWN = {
    "500": ScriptedAnswer(status=500, headers=SOON),
    "502": ScriptedAnswer(status=502, headers=SOON),
    "reset": ScriptedAnswer("lost", fault="reset"),
    "cut": ScriptedAnswer("lost", words=50, fault="cut"),
    "half json": ScriptedAnswer("lost", fault="half_json"),
    "html": ScriptedAnswer("lost", fault="html"),
    "no choices": ScriptedAnswer("lost", fault="empty_choices", usage={}),
    "hang": ScriptedAnswer("lost", words=50, fault="hang"),
}


@pytest.mark.parametrize("step", REFUSED, ids=lambda step: str(step.status))
async def test_refused_calls_are_released_and_tried_again(
    step: ScriptedAnswer, agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(step, step, ScriptedAnswer("Answer: 7"))
    result = await agent_for(budget="usd=1").run("What is it?")
    assert (result.status, result.answer) == ("answered", "7")
    assert kinds(book) == ["hold", "release", "hold", "release", "hold", "settle"]
    assert [hold.body["attempt"] for hold in book.model_holds] == [1, 2, 3]
    assert server.served.requests == 3
    assert result.spend["model_calls"] == server.served.replies == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("fault", UNKNOWN)
async def test_calls_that_may_have_been_billed_stay_booked(
    fault: str, stream: bool, agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    if stream and fault in ("html", "half json", "no choices"):
        pytest.skip("these faults are of a reply that comes whole")
    server.steps(UNKNOWN[fault], ScriptedAnswer("Answer: 7"))
    timeout = 1.5 if fault == "hang" else 60
    agent = agent_for(budget="usd=1", endpoint={"timeout": timeout, "stream": stream})
    result = await agent.run("What is it?")
    assert (result.status, result.answer) == ("answered", "7")
    assert kinds(book) == ["hold", "unknown", "hold", "settle"]
    lost, _ = book.model_holds
    assert server.served.requests == result.spend["model_calls"] == 2
    assert result.cost is not None
    assert result.cost > float(lost.body["usd"])
    assert result.spend["input_tokens"] >= server.served.prompt_tokens
    assert result.spend["output_tokens"] >= server.served.completion_tokens


async def test_a_reply_without_a_bill_is_booked_at_its_hold(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(ScriptedAnswer("Answer: 7", fault="drop_usage"))
    result = await agent_for(budget="usd=1").run("What is it?")
    (hold,) = book.model_holds
    assert result.answer == "7"
    assert result.spend["output_tokens"] == hold.body["output_tokens"]
    assert f"{result.cost:f}" == hold.body["usd"]


async def test_a_storm_of_refusals_ends_the_run_and_costs_nothing(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(*[ScriptedAnswer(status=429, headers=SOON)] * 50)
    result = await agent_for(budget="usd=1").run("What is it?")
    assert (result.status, result.answer, result.cost) == ("failed", None, 0)
    assert "429" in result.why
    assert server.served.requests == len(book.model_holds) == 5


async def test_lost_tries_use_the_budget_up_and_never_more(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(*[ScriptedAnswer(status=500, headers=SOON)] * 50)
    result = await agent_for(budget="model_calls=3").run("What is it?")
    assert result.status in ("budget_exhausted", "failed")
    assert server.served.requests == len(book.model_holds) == result.spend["model_calls"] == 3


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422])
async def test_a_refusal_for_good_is_not_tried_again(
    status: int, agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(ScriptedAnswer(status=status))
    result = await agent_for(budget="usd=1").run("What is it?")
    assert (result.status, result.cost, server.served.requests) == ("failed", 0, 1)
    assert str(status) in result.why
    assert kinds(book) == ["hold", "release"]


async def test_a_server_that_is_not_there(agent_for: Callable[..., Agent], book: Any) -> None:
    gone = {"base_url": "http://127.0.0.1:9/v1"}
    agent = Agent(
        model=Endpoint("m", **gone), budget="model_calls=9", options=AgentOptions(attempts=2),
        home=agent_for(budget="model_calls=2").home.path,
    )  # fmt: skip
    result = await agent.run("What is it?")
    assert (result.status, result.spend["model_calls"]) == ("failed", 0)
    assert "cannot be reached" in result.why
    assert kinds(book) == ["hold", "release"] * 2


async def test_a_broken_run_goes_on_when_the_server_is_back(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    wish = ScriptedAnswer(tool_calls=({"name": "lookup", "arguments": {"query": "a"}},))
    server.steps(wish, *[ScriptedAnswer(status=500, headers=SOON)] * 5)
    agent = agent_for(budget="usd=1")
    broken = await agent.run("What is it?")
    assert broken.status == "failed"
    server.steps(ScriptedAnswer("Answer: 7"))
    result = await agent.resume(broken.run)
    assert (result.status, result.answer) == ("answered", "7")
    assert server.served.requests == len(book.model_holds) == 7
    assert result.spend["model_calls"] == 7


async def test_retrying_gives_up_where_the_deadline_would_pass() -> None:
    tries: list[int] = []

    async def once() -> None:
        tries.append(1)
        raise CallRefused("later", retryable=True, retry_after=60.0)

    with pytest.raises(CallRefused, match="later"):
        await retrying(once, 5, Account(Budget(seconds=30)))
    assert len(tries) == 1


async def test_a_server_that_asks_to_wait_for_a_day_is_not_waited_for(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.steps(ScriptedAnswer(status=429, headers={"retry-after": "86400"}))
    result = await agent_for(budget="usd=1").run("What is it?")
    assert (result.status, result.cost, server.served.requests) == ("failed", 0, 1)
    assert "asks to wait 86400 s" in result.why


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (OutcomeUnknown("x", retryable=True, retry_after=0.0), 4),
        (OutcomeUnknown("x"), 1),
        (CallRefused("x"), 1),
        (ValueError("x"), 1),
    ],
)
async def test_retrying_tries_what_may_help(error: Exception, tries: int) -> None:
    tried: list[int] = []

    async def once() -> None:
        tried.append(1)
        raise error

    with pytest.raises(type(error)):
        await retrying(once, 4, Account())
    assert len(tried) == tries


def kinds(book: Any) -> list[str]:
    return [event.kind for event in book.events("hold", "settle", "release", "unknown")]
