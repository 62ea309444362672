from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.agent import Agent, Home
from outlay.journal.records import Message, Request, ToolCall, ToolSpec
from outlay.policies import Endpoint
from outlay.policies.endpoint.streamed_calls import StreamedCalls
from outlay.tools import tool

from ...fixtures.typed_server import HttpAnswer, TypedServer, event

Part = dict[str, Any]
NAMES = frozenset({"search", "search_web", "open"})
SEARCH = ToolSpec("search", "Searches.", {"type": "object"})
USAGE = {"prompt_tokens": 10, "completion_tokens": 5}


def part(index: int | None, name: str | None, text: str | None, id: Any = ...) -> Part:
    function = {k: v for k, v in (("name", name), ("arguments", text)) if v is not None}
    wish: Part = {"function": function}
    if index is not None:
        wish["index"] = index
    return wish if id is ... else {**wish, "id": id}


def events(*deltas: list[Part]) -> list[bytes]:
    chunks = [{"choices": [{"delta": {"tool_calls": delta}}]} for delta in deltas]
    end = {"choices": [{"delta": {}, "finish_reason": "tool_calls"}], "usage": USAGE}
    return [*map(event, [*chunks, end]), event("[DONE]")]


BOTH = [("search", '{"q":"x"}'), ("search", '{"q":"y"}')]
X, Y = '{"q":"x"}', '{"q":"y"}'


@pytest.mark.parametrize(
    "deltas",
    [
        pytest.param([[part(0, "search", X, "a")], [part(0, "search", Y, "b")]], id="all 0"),
        pytest.param([[part(0, "search", X, "")], [part(0, "search", Y, "")]], id="0, no ids"),
        pytest.param([[part(0, "search", X, None), part(0, "search", Y, None)]], id="one delta"),
        pytest.param([[part(None, "search", X)], [part(None, "search", Y)]], id="no index"),
        pytest.param(
            [
                [part(None, "search", '{"q"', "a")], [part(None, "search", '{"q"', "b")],
                [part(None, None, ':"x"}', "a")], [part(None, None, ':"y"}', "b")],
            ],
            id="by id alone",
        ),
        pytest.param(
            [
                [part(0, "search", "")], [part(0, "search", '{"q":')], [part(0, "search", '"x"}')],
                [part(0, "search", "")], [part(0, "search", '{"q":')], [part(0, "search", '"y"}')],
                [part(0, "search", "")],
            ],
            id="name in every delta",
        ),
        pytest.param(
            [[part(0, "search", "{}", "a")], [part(0, None, X)], [part(0, "search", Y, "b")]],
            id="{} stands for arguments to come",
        ),
        pytest.param(
            [[part(0, "search", X, "a")], [part(0, "search", X, "a")], [part(1, "search", Y, "b")]],
            id="a call twice",
        ),
        pytest.param(
            [[part(0, "se", "")], [part(0, "arch", X)], [part(1, "search", Y)]],
            id="a name in pieces",
        ),
        pytest.param(
            [[part(1, "search", Y, "b")], [part(0, "search", X, "a")]], id="the second first"
        ),
        pytest.param(
            [[{"index": 0, "function": {"name": "search", "arguments": {"q": "x"}}}],
             [{"index": 0, "function": {"name": "search", "arguments": {"q": "y"}}}]],
            id="arguments as an object",
        ),
    ],
)  # fmt: skip
async def test_streamed_parallel_calls(deltas: list[list[Part]]) -> None:
    told: list[tuple[int, str, str]] = []

    def on_call(place: int, call: ToolCall) -> None:
        told.append((place, call.name, call.arguments))

    with TypedServer(lambda path, body: HttpAnswer(events=events(*deltas))) as server:
        endpoint = Endpoint("m", base_url=server.url, stream=True, timeout=5)
        asked = Request((Message("user", "go"),), (SEARCH,), on_call=on_call)
        reply = await endpoint.reply(asked)
    assert [(call.name, call.arguments) for call in reply.message.tool_calls] == BOTH
    assert told == [(0, *BOTH[0]), (1, *BOTH[1])]
    assert len({call.id for call in reply.message.tool_calls}) == 2


CALL = st.tuples(
    st.sampled_from(sorted(NAMES)),
    st.dictionaries(st.text(max_size=4), st.text(max_size=6), min_size=1, max_size=2).map(
        lambda data: orjson.dumps(data).decode()
    ),
)


@given(
    st.lists(CALL, min_size=1, max_size=4),
    st.sampled_from(["numbers", "zero", "none"]),
    st.sampled_from(["once", "always", "never", "empty"]),
    st.booleans(),
    st.booleans(),
    st.data(),
)
def test_any_split_and_any_style_gives_the_same_calls(
    calls: list[tuple[str, str]],
    numbering: str,
    ids: str,
    is_named_always: bool,
    in_one_delta: bool,
    data: st.DataObject,
) -> None:
    parts: list[Part] = []
    for place, (name, text) in enumerate(calls):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        for at, piece in enumerate(pieces):
            index = {"numbers": place, "zero": 0, "none": None}[numbering]
            id = {"once": f"c{place}" if not at else ..., "always": f"c{place}", "never": ...}
            named = name if is_named_always or not at else None
            parts.append(part(index, named, piece, id.get(ids, "")))
    streamed = StreamedCalls(NAMES)
    told: list[tuple[str, str]] = []
    is_whole = in_one_delta and len(parts) == len(calls)
    for delta in [parts] if is_whole else [[p] for p in parts]:
        streamed.add(delta)
        complete = [(c.name, c.arguments) for c in streamed.complete()]
        assert complete[: len(told)] == told
        told = complete
    assert [(c.name, c.arguments) for c in streamed.in_order()] == calls
    assert told == calls[: len(told)]


def test_what_was_run_ahead_serves_the_same_call_wherever_it_stands(tmp_path: Path) -> None:
    """The second call is whole first, so it is begun; in the reply it is the second."""
    made: list[str] = []

    @tool(price="0.01", read_only=True)
    def search(q: str) -> str:
        """Searches.

        Args:
            q: what for.
        """
        made.append(q)
        return f"found {q}"

    calls = events([part(0, "search", X, "a")], [part(-1, "search", Y, "b")])
    answer = [
        event({"choices": [{"delta": {"content": "done"}, "finish_reason": "stop"}]}),
        event({"choices": [], "usage": USAGE}),
        event("[DONE]"),
    ]

    def respond(path: str, body: dict[str, Any]) -> HttpAnswer:
        is_first = body["messages"][-1]["role"] == "user"
        return HttpAnswer(events=calls if is_first else answer)

    with TypedServer(respond) as server:
        endpoint = Endpoint("m", base_url=server.url, stream=True, timeout=5)
        agent = Agent(model=endpoint, tools=[search], budget="search=3", home=tmp_path)
        result = agent.run_sync("go")
        shown = [m["content"] for m in server.bodies[-1]["messages"] if m["role"] == "tool"]
    assert (result.status, result.answer) == ("answered", "done")
    assert sorted(made) == ["x", "y"]
    assert shown == ["found y", "found x"]
    assert result.spend["tool_calls.search"] == 2
    assert str(result.spend.usd) == "0.02"
    taken = [e for e in Home.at(tmp_path).events(result.run) if e.kind == "observed"]
    assert [e.body["arguments"] for e in taken] == [X]
    replayed = asyncio.run(agent.replay(result.run))
    assert replayed.trajectory == result.trajectory
