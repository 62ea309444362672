"""Replies of a given form over real HTTP: held to a schema where the server can, paid, learned."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest

from outlay.agent import Agent
from outlay.journal.records import Message, Request
from outlay.planners.reply_schemas import schema_of
from outlay.planners.verified.verifier import Verdict
from outlay.policies.endpoint import wire
from outlay.testing import LoopbackServer, ScriptedAnswer

from .conftest import JournalFiles

REPLIES = {
    "# Plan the search": {"steps": [{"id": "1", "text": "look"}]},
    "# Verify the answer": {"decision": "success"},
    "# Plan ahead": {"steps": [{"tool": "lookup", "arguments": {"query": "x"}}]},
}


def script(body: dict[str, Any]) -> ScriptedAnswer:
    asked = body["messages"][-1]["content"].split("\n")[0]
    if asked in REPLIES:
        return ScriptedAnswer(json.dumps(REPLIES[asked]), prompt_tokens=longest_bill(body))
    return ScriptedAnswer("Answer: 7", prompt_tokens=longest_bill(body))


def longest_bill(body: dict[str, Any]) -> int:
    """Returns what a server can bill that tells the model all that it is sent, byte by byte."""
    told = [m["content"] for m in body["messages"]]
    told += [
        orjson.dumps(body[name]).decode() for name in ("tools", "response_format") if name in body
    ]
    return sum(len(text.encode()) for text in told)


def forms(server: LoopbackServer) -> list[str | None]:
    asked = [body.get("response_format") for body in server.bodies]
    return [form and form.get("json_schema", {}).get("name", form["type"]) for form in asked]


async def test_plans_and_verdicts_are_asked_for_by_schema(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: JournalFiles
) -> None:
    server.script = script
    agent = agent_for(budget="usd=1", planner="bats:early_stop=true")
    assert (await agent.run("Well?")).status == "answered"
    assert forms(server) == ["Decomposition", None, "Verdict"]
    told = [body.get("tools") for body in server.bodies]
    assert told[0] == told[1] == told[2] != []
    thought, verdict = server.bodies[1], server.bodies[2]
    assert verdict["messages"][: len(thought["messages"])] == thought["messages"]
    assert verdict["tool_choice"] == "none"
    assert not book.events("overrun")


async def test_a_plan_ahead_may_name_the_tools_on_offer(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.script = script
    await agent_for(budget="usd=1", planner="toolchain:k=2").run("Well?")
    form = server.bodies[0]["response_format"]["json_schema"]
    steps = form["schema"]["properties"]["steps"]["items"]["properties"]
    assert steps["tool"]["enum"] == ["lookup"]
    assert steps["arguments"]["properties"] == {"query": {"type": "string"}}
    assert form["strict"] is True


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ("This response_format type is unavailable now", ["json_object"]),
        ("response_format json_object cannot be combined with tool calling", []),
    ],
)
async def test_a_server_without_schemas_is_learned(
    agent_for: Callable[..., Agent],
    server: LoopbackServer,
    served_usd: Callable[[], Decimal],
    said: str,
    then: list[str],
) -> None:
    def refusing(body: dict[str, Any]) -> ScriptedAnswer:
        if body.get("response_format", {}).get("type") == "json_schema":
            return ScriptedAnswer(status=400, error={"message": said})
        return script(body)

    server.script = refusing
    result = await agent_for(budget="usd=1", planner="bats:early_stop=true").run("Well?")
    assert (result.status, result.cost) == ("answered", served_usd())
    assert server.served.refused == 1
    assert [form for form in forms(server)[1:] if form] == then * 2


@pytest.mark.parametrize("planner", ["bats:early_stop=true", "toolchain:k=2"])
async def test_a_run_that_is_asked_by_schema_replays(
    agent_for: Callable[..., Agent], server: LoopbackServer, planner: str
) -> None:
    server.script = script
    agent = agent_for(budget="usd=1", planner=planner)
    result = await agent.run("Well?")
    assert (await agent.replay(result.run)).text == result.text


@pytest.mark.parametrize(
    ("way", "opening", "later"),
    [("schema", "json_schema", "json_schema"), ("opening", "json_schema", None),
     ("object", "json_object", "json_object"), ("text", None, None)],
)  # fmt: skip
def test_what_a_prompt_has_cached_stays_cached(
    way: Any, opening: str | None, later: str | None
) -> None:
    talk = (Message("user", "Well?"), Message("assistant", "So."), Message("user", "Judge."))
    for messages, wanted in ((talk[:1], opening), (talk, later)):
        request = Request(messages, schema=schema_of(Verdict))
        body = orjson.loads(wire.encode(request, "m", 9, structured=way, stream=False))
        assert body.get("response_format", {}).get("type") == wanted
