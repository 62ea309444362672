"""What a server adds to its replies comes back to it to the letter, and to no other server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, Home
from outlay.journal.records import Message, Request
from outlay.planners.verified.cascade import cascade
from outlay.policies import Endpoint, Router
from outlay.policies.endpoint.provider_data import MOST_BYTES
from outlay.policies.endpoint.wire import chat_message
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import Tool

from ..fixtures.typed_server import HttpAnswer, TypedServer, event

THOUGHT = 'I wonder…\n\t"é" 𝄞 </think>'
DETAILS = [{"type": "encrypted", "data": "gAAA==", "index": 0}]
ADDED = {"reasoning_content": THOUGHT, "reasoning_details": DETAILS}
SIGNED = {"google": {"thought_signature": "c2ln"}}
PIVOT = json.dumps({"checks": [{"condition": "c", "state": "contradicted"}], "decision": "pivot"})


def looking(number: int) -> ScriptedAnswer:
    call = {"name": "lookup", "arguments": {"query": f"q{number}"}, "extra_content": SIGNED}
    return ScriptedAnswer(tool_calls=(call,), added=ADDED)


def answering(body: dict[str, Any]) -> ScriptedAnswer:
    turns = sum(message["role"] == "assistant" for message in body["messages"])
    return looking(turns) if turns < 3 else ScriptedAnswer("Answer: 7")


def replies(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [message for message in body["messages"] if message["role"] == "assistant"]


def given_back(body: dict[str, Any]) -> bool:
    """Says whether each earlier reply is sent with all that the server had added to it."""
    return all(
        {name: message.get(name) for name in ADDED} == ADDED
        and [call.get("extra_content") for call in message["tool_calls"]] == [SIGNED]
        for message in replies(body)
    )


@pytest.fixture
def other() -> Iterator[LoopbackServer]:
    with LoopbackServer() as server:
        yield server


@pytest.mark.parametrize("stream", [False, True])
async def test_the_next_request_has_it(
    server: LoopbackServer, agent_for: Callable[..., Agent], stream: bool
) -> None:
    server.script = answering
    result = await agent_for(endpoint={"stream": stream}, budget="usd=1").run("What?")
    assert result.answer == "7"
    assert [len(replies(body)) for body in server.bodies] == [0, 1, 2, 3]
    assert all(map(given_back, server.bodies))


async def test_a_fork_gives_it_back(
    server: LoopbackServer, agent_for: Callable[..., Agent]
) -> None:
    server.script = answering
    agent = agent_for(budget="usd=1")
    parent = await agent.run("What?")
    server.bodies.clear()
    fork = await agent.fork(parent.run, 2)
    assert fork.answer == "7"
    assert [len(replies(body)) for body in server.bodies] == [1, 2, 3]
    assert all(map(given_back, server.bodies))
    assert (await agent.replay(fork.run)).trajectory == fork.trajectory


KILLED = """
import asyncio, os, sys
from outlay.agent import Agent
from outlay.policies import Endpoint
from outlay.tools import tool

@tool(price=0, read_only=True, inline=True)
def lookup(query: str) -> str:
    "Looks a thing up."
    if query == "q1" and sys.argv[3] == "kill":
        os.kill(os.getpid(), 9)
    return f"found {query}"

agent = Agent(
    model=Endpoint("m", base_url=sys.argv[1]), tools=[lookup], budget="model_calls=9",
    home=sys.argv[2],
)
run = agent.resume(sys.argv[4]) if sys.argv[4:] else agent.run("What?")
print(asyncio.run(run).answer)
"""


def test_a_killed_run_gives_it_back_when_it_goes_on(server: LoopbackServer, home: Path) -> None:
    server.script = answering
    command = [sys.executable, "-c", KILLED, server.url, str(home)]
    environment = {**os.environ, "OUTLAY_API_KEY": "k"}
    killed = subprocess.run([*command, "kill"], env=environment, check=False, timeout=60)
    assert killed.returncode == -9
    server.bodies.clear()
    [run] = Home.at(home).store.query("select run from runs").rows[0]
    resumed = subprocess.run(
        [*command, "live", run], env=environment, check=True, capture_output=True, timeout=60
    )
    assert resumed.stdout.strip() == b"7"
    assert [len(replies(body)) for body in server.bodies] == [2, 3]
    assert all(map(given_back, server.bodies))


async def test_another_server_does_not_get_it(
    server: LoopbackServer, other: LoopbackServer, lookup: Tool, home: Path, tmp_path: Path
) -> None:
    prices = tmp_path / "two.toml"
    prices.write_text("".join(f"[models.{n}]\ninput = 1\noutput = 10\n" for n in ("a", "b")))
    server.steps(
        looking(0), ScriptedAnswer("Answer: 1", added=ADDED), ScriptedAnswer(PIVOT, added=ADDED)
    )
    other.steps(ScriptedAnswer("Answer: 2"))
    places = {"a": server.url, "b": other.url}
    router = Router([Endpoint(name, base_url=url, name=name) for name, url in places.items()])
    agent = Agent(
        model=router, tools=[lookup], planner=cascade(), home=home, prices=prices,
        budget="usd=1",
    )  # fmt: skip
    result = await agent.run("What?")
    assert (result.answer, len(server.bodies), len(other.bodies)) == ("2", 3, 1)
    assert "reasoning" in json.dumps([*server.bodies])
    sent = json.dumps([*other.bodies])
    assert "reasoning" not in sent
    assert "extra_content" not in sent


async def test_a_fork_to_another_server_leaves_it_out(
    server: LoopbackServer, other: LoopbackServer, lookup: Tool, home: Path
) -> None:
    server.script = other.script = answering
    here, moved = (
        Agent(
            model=Endpoint("m", base_url=place.url, name="m"), tools=[lookup], home=home,
            budget="model_calls=9",
        )
        for place in (server, other)
    )  # fmt: skip
    parent = await here.run("What?")
    assert (await moved.fork(parent.run, 2)).answer == "7"
    first, second, third = map(replies, other.bodies)
    assert [message.get("reasoning_content") for message in first] == [None]
    assert [message.get("reasoning_content") for message in second] == [None, THOUGHT]
    assert [message.get("reasoning_content") for message in third] == [None, THOUGHT, THOUGHT]


async def test_what_is_kept_is_bounded(
    server: LoopbackServer, agent_for: Callable[..., Agent]
) -> None:
    huge = "x" * MOST_BYTES
    server.steps(
        ScriptedAnswer(
            tool_calls=({"name": "lookup", "arguments": {"query": "q"}},),
            added={"reasoning_content": "short", "blob": huge, "empty": None},
        ),
        ScriptedAnswer("Answer: 7"),
    )
    await agent_for(budget="model_calls=3").run("What?")
    [message] = replies(server.bodies[1])
    assert sorted(message) == ["content", "reasoning_content", "role", "tool_calls"]


async def test_another_model_of_the_same_server_does_not_get_it(
    server: LoopbackServer, lookup: Tool, home: Path
) -> None:
    server.script = answering
    here, moved = (
        Agent(
            model=Endpoint(name, base_url=server.url, name="m"), tools=[lookup], home=home,
            budget="model_calls=9",
        )
        for name in ("one", "other")
    )  # fmt: skip
    parent = await here.run("What?")
    asked = len(server.bodies)
    assert (await moved.fork(parent.run, 2)).answer == "7"
    first, *_ = list(server.bodies)[asked:]
    assert first["model"] == "other"
    assert [message.get("reasoning_content") for message in replies(first)] == [None]


def test_what_older_journals_kept_for_a_host_goes_back_to_it() -> None:
    message = Message("assistant", "", provider={"host:1": {"reasoning": "hm"}})
    assert chat_message(message, "host:1/any/model")["reasoning"] == "hm"
    assert "reasoning" not in chat_message(message, "host:2/any/model")


@pytest.mark.parametrize("stream", [False, True])
async def test_pieces_come_back_as_the_whole_that_they_were(stream: bool) -> None:
    """OpenRouter streams `reasoning_details` in pieces, LiteLLM adds to the function of a call."""
    whole = [
        {"type": "reasoning.text", "text": "I wonder", "index": 0, "signature": "sig"},
        {"type": "reasoning.encrypted", "data": "gAAA", "index": 1},
    ]
    pieces = [
        [{"type": "reasoning.text", "text": "I won", "index": 0, "signature": None}],
        [{"type": "reasoning.text", "text": "der", "index": 0}],
        [{"type": "reasoning.text", "index": 0, "signature": "sig"}],
        [{"type": "reasoning.encrypted", "data": "gAAA", "index": 1}],
    ]
    extra = {"provider_specific_fields": {"thought_signature": "c2ln"}}
    call = {"index": 0, "id": "c", "function": {"name": "lookup", "arguments": "{}", **extra}}
    bill = {"prompt_tokens": 1, "completion_tokens": 1}

    def respond(path: str, body: dict[str, Any]) -> HttpAnswer:
        if not body.get("stream"):
            message = {"content": None, "tool_calls": [call], "reasoning_details": whole}
            return HttpAnswer({"choices": [{"message": message}], "usage": bill})
        deltas = [{"reasoning_details": piece} for piece in pieces] + [{"tool_calls": [call]}]
        chunks = [{"choices": [{"delta": delta}]} for delta in deltas]
        end = {"choices": [{"delta": {}, "finish_reason": "tool_calls"}], "usage": bill}
        return HttpAnswer(events=[event(data) for data in (*chunks, end, "[DONE]")])

    with TypedServer(respond) as typed:
        endpoint = Endpoint("a/model", base_url=typed.url, stream=stream, timeout=5)
        asked = (Message("user", "What?"),)
        reply = await endpoint.reply(Request(asked))
        found = Message("tool", "here", tool_call_id="c")
        await endpoint.reply(Request((*asked, reply.message, found)))
        sent = typed.bodies[-1]["messages"][1]
    assert reply.reasoning == "I wonder"
    assert sent["reasoning_details"] == whole
    assert sent["tool_calls"][0]["function"] == call["function"]
