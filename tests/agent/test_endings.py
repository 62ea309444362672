"""A reply that was cut off, stopped by a filter or empty is no answer, whoever asked for it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, AgentOptions, Home
from outlay.journal import line
from outlay.journal.endings import flaw_of, neutral_ending
from outlay.journal.records import Message, Reply, ToolCall
from outlay.planners import planner_names
from outlay.testing import LoopbackServer, ScriptedAnswer

CUT = ScriptedAnswer("The answer is pro", finish_reason="length")
THOUGHT = ScriptedAnswer("", finish_reason="length", completion_tokens=4000)
EMPTY = ScriptedAnswer("")
FILTERED = ScriptedAnswer("I was about to", finish_reason="content_filter")
WISH = ScriptedAnswer("Hm.", tool_calls=({"name": "lookup", "arguments": {"query": "a"}},))
DONE = ScriptedAnswer("Answer: 7")


@pytest.mark.parametrize("first", [CUT, THOUGHT, EMPTY], ids=["cut", "thought", "empty"])
async def test_it_is_asked_once_more_with_room(
    first: ScriptedAnswer, agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.steps(first, DONE)
    agent = agent_for(budget="usd=1")
    result = await agent.run("What is it?")
    assert (result.status, result.reason, result.answer) == ("answered", "answered", "7")
    asked, again = server.bodies
    assert again["messages"] == asked["messages"]
    if first is THOUGHT:
        assert again["max_tokens"] > asked["max_tokens"]
    replayed = await agent.replay(result.run)
    assert (replayed.text, replayed.trajectory) == (result.text, result.trajectory)
    assert server.served.requests == 2


async def test_a_limit_of_ours_is_lifted(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.steps(ScriptedAnswer("The answer is pro", words=90), DONE)
    options = AgentOptions(max_output={"think": 40})
    result = await agent_for(budget="usd=1", options=options).run("What is it?")
    assert (result.status, result.answer) == ("answered", "7")
    first, second = (body["max_tokens"] for body in server.bodies)
    assert first == 40 < second


async def test_where_there_is_no_room_it_wraps_up(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.script = lambda body: (
        ScriptedAnswer("Answer: 7") if body.get("tool_choice") == "none" else CUT
    )
    result = await agent_for(budget="model_calls=2").run("What is it?")
    assert (result.status, result.reason, result.answer) == ("budget_exhausted", "length", "7")
    assert "cut off" in result.why


async def test_a_wrap_up_that_is_cut_too_keeps_what_there_is(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.script = lambda body: CUT
    result = await agent_for(budget="usd=1").run("What is it?")
    assert (result.status, result.reason) == ("budget_exhausted", "length")
    assert result.text == CUT.content


ENDS = {
    "empty": (EMPTY, "failed", "empty_reply"),
    "broken off": (ScriptedAnswer("Half", finish_reason="error"), "failed", "broken_off"),
    "filtered": (FILTERED, "failed", "content_filter"),
    "nothing but filtered": (
        ScriptedAnswer("", finish_reason="content_filter"), "failed", "content_filter"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDS)
async def test_else_the_end_says_so(
    case: str, agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    said, status, reason = ENDS[case]
    server.script = lambda body: said
    agent = agent_for(budget="usd=1")
    result = await agent.run("What is it?")
    assert (result.status, result.reason) == (status, reason)
    assert result.why
    (end,) = book.events("run_ended")
    assert end.body["reason"] == reason
    rows = agent.home.store.query("select reason, status from runs").rows
    assert rows == [(reason, status)]
    again = await agent.replay(result.run)
    assert (again.status, again.reason, again.why) == (status, reason, result.why)
    state = await agent.graph.ainvoke({"task": "What?"})
    assert (state["status"], state["reason"]) == (status, reason)


@pytest.mark.parametrize("name", [*planner_names(), "react:critic=0"])
@pytest.mark.parametrize("said", [EMPTY, FILTERED, CUT], ids=["empty", "filtered", "cut"])
async def test_under_no_planner_it_is_an_answer(
    name: str, said: ScriptedAnswer, agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.script = lambda body: said
    agent = agent_for(budget="usd=1,model_calls=30", planner=name)
    result = await agent.run("What is it?")
    assert result.status in ("failed", "budget_exhausted")
    assert result.why
    again = await agent.replay(result.run)
    assert (again.status, again.reason) == (result.status, result.reason)


async def test_a_second_try_that_is_refused_leaves_the_first(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    """Many servers refuse a limit above their own."""

    def says(body: dict[str, Any]) -> ScriptedAnswer:
        if body["max_tokens"] > 4096:
            return ScriptedAnswer(status=400)
        return DONE if body.get("tool_choice") == "none" else THOUGHT

    server.script = says
    agent = agent_for(budget="usd=1")
    result = await agent.run("What is it?")
    assert (result.status, result.reason, result.answer) == ("budget_exhausted", "length", "7")
    assert (await agent.replay(result.run)).answer == "7"


async def test_a_run_that_began_before_goes_on_as_it_began(
    agent_for: Callable[..., Agent], server: LoopbackServer, tmp_path: Path
) -> None:
    server.steps(WISH, EMPTY)
    agent = agent_for(budget="usd=1,model_calls=3")
    result = await agent.run("What is it?")
    home = agent.home.path
    Home.at(home).close()
    for journal in (home / "journals").glob("*.jsonl"):
        read = map(line.read, journal.read_bytes().splitlines(keepends=True))
        lines = [event for event in read if event is not None]
        for event in lines:
            event.get("agent", {}).pop("loop", None)
        journal.write_bytes(b"".join(map(line.written, lines)))
    for store in home.glob("*.duckdb"):
        store.unlink()
    again = await agent_for(budget="usd=1,model_calls=3").replay(result.run)
    assert (again.status, again.text, again.reason) == ("answered", "", "answered")


# -- the wrap-up -------------------------------------------------------------------------------


def mistral(body: dict[str, Any]) -> ScriptedAnswer:
    """Refuses a user's message after a tool's, as Mistral does."""
    roles = [message["role"] for message in body["messages"]]
    if ("tool", "user") in pairwise(roles):
        error = {"message": "Unexpected role 'user' after role 'tool'"}
        return ScriptedAnswer(status=400, error=error)
    return DONE if body.get("tool_choice") == "none" else WISH


@pytest.mark.parametrize("name", ["react", "tracker", "best_of", "react:critic=0"])
async def test_words_go_where_the_server_takes_them(
    name: str, agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.script = mistral
    agent = agent_for(budget="usd=1,lookup=2", planner=name)
    result = await agent.run("What is it?")
    assert (result.status, result.reason, result.answer) == ("budget_exhausted", "budget", "7")
    again = await agent.replay(result.run)
    assert (again.answer, again.trajectory) == ("7", result.trajectory)


async def test_a_wrap_up_that_is_refused_ends_with_the_best_answer(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.script = lambda body: (
        ScriptedAnswer(status=400) if body.get("tool_choice") == "none" else WISH
    )
    agent = agent_for(budget="usd=1,lookup=2")
    result = await agent.run("What is it?")
    assert (result.status, result.reason, result.text) == ("budget_exhausted", "budget", "Hm.")
    assert "the wrap-up reply failed: " in result.why
    again = await agent.replay(result.run)
    assert (again.status, again.text, again.why) == (result.status, "Hm.", result.why)


# -- words -------------------------------------------------------------------------------------


def test_every_provider_s_word_has_one_meaning() -> None:
    words = {
        "stop": "stop", "end_turn": "stop", "": "stop", "STOP": "stop", "max_tokens": "length",
        "length": "length", "function_call": "tool_calls", "refusal": "content_filter",
        "SAFETY": "content_filter", "odd": "odd",
    }  # fmt: skip
    assert {word: neutral_ending(word) for word in words} == words
    assert neutral_ending("stop", calls=True) == "tool_calls"
    call = Message("assistant", "", (ToolCall("c", "look"),))
    assert flaw_of(Reply(call, finish_reason="length")) is None
    assert flaw_of(Reply(Message("assistant", " \n"))) == "empty_reply"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_legacy_function_call_is_a_tool_call(
    stream: bool, agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    legacy = {"name": "lookup", "arguments": '{"query": "a"}'}
    added = {"function_call": legacy}
    server.steps(ScriptedAnswer(added=added, finish_reason="function_call"), DONE)
    result = await agent_for(budget="usd=1", endpoint={"stream": stream}).run("What is it?")
    assert (result.status, result.spend["tool_calls"], result.answer) == ("answered", 1, "7")
