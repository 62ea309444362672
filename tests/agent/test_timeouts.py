"""Calls that take too long: asked again once, for less, in a stream of which what came is kept."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from outlay.agent import Agent
from outlay.policies import Endpoint, policy
from outlay.policies.endpoint import Dialect
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import Tool

from .conftest import INPUT, OUTPUT, JournalFiles

SOON = {"timeout": 0.3, "max_output": 400}
HANGS = ScriptedAnswer("Answer: 7", words=40, fault="hang")


def asked(server: LoopbackServer) -> list[tuple[bool, int]]:
    return [(bool(body.get("stream")), body["max_tokens"]) for body in server.bodies]


async def test_the_second_try_streams_and_may_write_less(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: JournalFiles
) -> None:
    server.steps(HANGS, ScriptedAnswer("Answer: 7"))
    agent = agent_for(budget="usd=1", endpoint=SOON)
    result = await agent.run("Well?")
    assert (result.status, result.answer) == ("answered", "7")
    assert asked(server) == [(False, 400), (True, 100)]
    assert [h.body["output_tokens"] for h in book.model_holds] == [400, 100]
    assert (await agent.replay(result.run)).text == result.text
    supposed = await agent.what_if(result.run)
    assert (supposed.exact, supposed.spend) == (True, result.spend)


async def test_what_was_written_is_kept_and_wrapped_up(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: JournalFiles
) -> None:
    server.steps(HANGS, HANGS, ScriptedAnswer("Answer: 8"))
    agent = agent_for(budget="usd=1", endpoint=SOON)
    result = await agent.run("Well?")
    assert (result.status, result.reason, result.answer) == ("budget_exhausted", "timed_out", "8")
    assert any(m.content.startswith("Answer: 7 word") for m in result.trajectory)
    assert asked(server)[:2] == [(False, 400), (True, 100)]
    assert [e.kind for e in book.events("settle", "unknown")] == ["unknown", "settle", "settle"]
    assert (await agent.replay(result.run)).text == result.text


async def test_there_are_two_tries_and_no_more(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.steps(*[ScriptedAnswer(wait=30)] * 9)
    result = await agent_for(budget="usd=1", endpoint=SOON).run("Well?")
    assert (result.status, result.reason) == ("failed", "policy_error")
    assert result.why == f"127.0.0.1:{server.port} did not reply within 0.3 s, twice"
    assert server.served.requests == 2


async def test_a_whole_call_of_a_broken_stream_is_made(
    agent_for: Callable[..., Agent], server: LoopbackServer, lookup: Tool
) -> None:
    calls = ({"name": "lookup", "arguments": {"query": "x"}},) * 3
    server.steps(HANGS, ScriptedAnswer(tool_calls=calls, fault="hang"), ScriptedAnswer("Answer: 9"))
    result = await agent_for(budget="usd=1", endpoint=SOON).run("Well?")
    assert (result.status, result.answer) == ("answered", "9")
    assert result.spend["tool_calls"] >= 1


async def test_a_server_that_stops_is_paid_for_what_came(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: JournalFiles
) -> None:
    stops: dict[str, Any] = {**SOON, "max_output": 4000, "dialect": Dialect(stops=True)}
    server.steps(ScriptedAnswer(wait=30), HANGS, ScriptedAnswer("Answer: 8"))
    agent = agent_for(budget="usd=1", endpoint=stops)
    result = await agent.run("Well?")
    assert (result.reason, result.answer) == ("timed_out", "8")
    assert asked(server)[:2] == [(True, 4000), (True, 1000)]
    silent, broken, _ = book.events("settle")
    read = [h.body["input_tokens"] for h in book.model_holds]
    assert not book.events("unknown")
    assert (silent.body["output"], silent.body["ok"]) == (48, False)
    assert 40 < broken.body["output"] < 400
    assert Decimal(silent.body["usd"]) == read[0] * INPUT + 48 * OUTPUT
    assert result.spend == agent.home.record(result.run).spent
    assert (await agent.replay(result.run)).text == result.text


def test_it_is_declared_behind_the_model() -> None:
    declared = policy("http://127.0.0.1:9/v1#m?stops=true")
    assert isinstance(declared, Endpoint)
    assert declared.dialect == Dialect(stops=True)
