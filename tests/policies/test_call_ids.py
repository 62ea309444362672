from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.agent import Agent, Home
from outlay.journal.records import Message, Reply, ToolCall
from outlay.policies import Endpoint
from outlay.policies.call_ids import made_id, with_own_ids
from outlay.tools import tool

from ..fixtures.typed_server import HttpAnswer, TypedServer, event

USAGE = {"prompt_tokens": 10, "completion_tokens": 5}
ARGUMENTS = '{"q":"x"}'


@tool(price="0.01", read_only=True)
def search(q: str) -> str:
    """Searches.

    Args:
        q: what for.
    """
    return f"found {q}"


def script(body: dict[str, Any], turns: int, id: Any, *, as_text: bool) -> HttpAnswer:
    """Calls `search` twice in each of three turns, always under the same id, then answers."""
    call = {"index": 0, "id": id, "function": {"name": "search", "arguments": ARGUMENTS}}
    message: dict[str, Any] = {"content": "done"}
    if turns < 3:
        block = f'```tool_call\n{{"name": "search", "arguments": {ARGUMENTS}}}\n```\n'
        calls = [call, {**call, "index": 1}]
        message = {"content": block * 2} if as_text else {"content": None, "tool_calls": calls}
    whole = {"id": "", "choices": [{"message": message, "finish_reason": "stop"}], "usage": USAGE}
    if not body.get("stream"):
        return HttpAnswer(whole)
    delta = {"choices": [{"delta": message, "finish_reason": "stop"}]}
    return HttpAnswer(events=[*map(event, [delta, {"choices": [], "usage": USAGE}, "[DONE]"])])


@pytest.mark.parametrize("memory", ["full", "window:limit=1000"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("protocol", "id"), [("native", None), ("native", ""), ("native", "call_0"), ("text", None)]
)
async def test_ids_are_unique_in_the_run_and_of_a_form_that_all_take(
    protocol: Literal["native", "text"], id: Any, stream: bool, memory: str, tmp_path: Path
) -> None:
    is_text = protocol == "text"

    def respond(path: str, body: dict[str, Any]) -> HttpAnswer:
        return script(body, len(server.bodies) - 1, id, as_text=is_text)

    with TypedServer(respond) as server:
        endpoint = Endpoint(
            "m", base_url=server.url, stream=stream, tool_protocol=protocol, timeout=5
        )
        agent = Agent(
            model=endpoint, tools=[search], memory=memory, budget="search=9", home=tmp_path
        )
        result = await agent.run("go")
        sent = server.bodies[-1]["messages"]
        replayed = await agent.replay(result.run)
    assert result.status == "answered"
    assert replayed.trajectory == result.trajectory
    ids = [call.id for message in result.trajectory for call in message.tool_calls]
    assert len(set(ids)) == len(ids) == 6
    assert all(re.fullmatch(r"[0-9a-zA-Z]{9}", own) or (own == id and own) for own in ids)
    assert sum(own == id for own in ids) == (id == "call_0")  # the server's own, once
    answers = [m.tool_call_id for m in result.trajectory if m.role == "tool"]
    assert answers == ids
    if not is_text:
        called = [call["id"] for message in sent for call in message.get("tool_calls", ())]
        assert called == [m["tool_call_id"] for m in sent if m["role"] == "tool"]
        assert set(called) <= set(ids)
    held = [e.body["call_id"] for e in Home.at(tmp_path).events(result.run) if "call_id" in e.body]
    assert sorted(held) == sorted(ids)


@given(st.lists(st.lists(st.sampled_from(["", "a", "b", made_id("0", 0)]), max_size=3), max_size=4))
def test_every_call_gets_an_id_that_no_other_has(replies: list[list[str]]) -> None:
    taken: set[str] = set()
    found: list[str] = []
    for turn, ids in enumerate(replies):
        calls = tuple(ToolCall(id, "search") for id in ids)
        reply = with_own_ids(Reply(Message("assistant", "", calls)), taken, str(turn))
        found += [call.id for call in reply.message.tool_calls]
    assert len(set(found)) == len(found) == sum(map(len, replies))
    assert taken == set(found)


def test_what_a_provider_added_names_the_call_by_its_new_id() -> None:
    blocks = [
        {"type": "thinking", "thinking": "call a", "signature": "s"},
        {"type": "tool_use", "id": "a", "name": "search", "input": {"id": "a"}},
        {"type": "tool_use", "id": "", "name": "search", "input": {}},
        {"type": "reasoning.encrypted", "id": "a"},
    ]
    calls = (ToolCall("a", "search"), ToolCall("", "search"))
    message = Message("assistant", "", calls, provider={"host": {"content": blocks}})
    reply = with_own_ids(Reply(message), {"a"}, "seed")
    first, second = (call.id for call in reply.message.tool_calls)
    assert reply.message.provider is not None
    told = reply.message.provider["host"]["content"]
    assert [block.get("id") for block in told] == [None, first, second, first]
    assert told[1]["input"] == {"id": "a"}
