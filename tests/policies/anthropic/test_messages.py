"""What is particular to Anthropic's API: its form of requests, its bills, its errors, its keys."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from typing import Any

import pytest
from planned_anthropic import PlannedAnthropic
from typed_server import HttpAnswer, TypedServer, event

from outlay.journal.records import Message, Reply, Request, ToolCall, ToolSpec
from outlay.ledger.errors import CallRefused, OutcomeUnknown, PolicyError, UsageError
from outlay.ledger.usage import Usage
from outlay.policies import AnthropicMessages, policy
from outlay.policies.anthropic.replies import usage
from outlay.policies.anthropic.requests import Form, encode
from outlay.testing.conformance import LOOKUP
from outlay.testing.planned import PlannedReply

OTHER = ToolSpec("other", "", {"type": "object", "properties": {}})
MARK = {"type": "ephemeral"}


@pytest.fixture
def server() -> Iterator[PlannedAnthropic]:
    with PlannedAnthropic() as planned:
        yield planned


def model(url: str, **options: Any) -> AnthropicMessages:
    return AnthropicMessages("claude-opus-4-5", base_url=url, api_key="k", timeout=5, **options)


def asking(*messages: Message, **options: Any) -> Request:
    return Request(messages or (Message("user", "Where?"),), (LOOKUP, OTHER), **options)


def call(id: str) -> ToolCall:
    return ToolCall(id, "lookup", '{"query":"Rome"}')


def body(*messages: Message, **options: Any) -> dict[str, Any]:
    form = {"server": "s", "thinking": None, "cache": "5m", "stream": False, **options}
    found: dict[str, Any] = json.loads(encode(asking(*messages), Form(model="m", **form), 100))
    return found


def marks(found: dict[str, Any]) -> list[str]:
    """Returns the text of every block, or name of every tool, that bears a cache mark."""
    blocks = [block for message in found["messages"] for block in message["content"]]
    every = [*found.get("tools", ()), *found.get("system", ()), *blocks]
    marked = (block for block in every if block.get("cache_control"))
    return [b.get("name") or b.get("text") or b.get("content") for b in marked]


def test_cache_marks_stand_where_the_prompt_is_stable() -> None:
    talk = [Message("system", "Be brief."), Message("user", "Where?")]
    assert marks(body(*talk)) == ["other", "Be brief.", "Where?"]
    talk += [
        Message("assistant", "", (call("a"), call("b"))),
        Message("tool", "one", tool_call_id="a"),
        Message("tool", "two", tool_call_id="b"),
    ]
    assert marks(body(*talk)) == ["other", "Be brief.", "Where?", "two"]
    talk += [
        Message("assistant", "", (call("c"),)),
        Message("tool", "three", tool_call_id="c"),
        Message("user", "Answer now."),
    ]
    assert marks(body(*talk)) == ["other", "Be brief.", "two", "Answer now."]
    assert marks(body(*talk, cache=None)) == []
    assert body(*talk, cache="1h")["system"][0]["cache_control"] == {**MARK, "ttl": "1h"}


def test_prompts_grow_at_their_end_alone() -> None:
    talk: list[Message] = [Message("system", "Be brief."), Message("user", "Where?")]
    before: list[Any] = []
    for turn in range(4):
        found = body(*talk)["messages"]
        bare = [
            {name: block[name] for name in block if name != "cache_control"}
            for message in found
            for block in message["content"]
        ]
        assert bare[: len(before)] == before
        before = bare
        talk += [
            Message("assistant", f"turn {turn}", (call(f"c{turn}"),)),
            Message("tool", f"found {turn}", tool_call_id=f"c{turn}"),
        ]


def test_results_come_first_and_in_one_message() -> None:
    found = body(
        Message("user", "Where?"),
        Message("assistant", " ", (call("a b"), call("c"))),
        Message("tool", "one", tool_call_id="a b"),
        Message("user", "Hurry."),
        Message("tool", "", tool_call_id="c"),
    )["messages"]
    assert [message["role"] for message in found] == ["user", "assistant", "user"]
    assert [block["type"] for block in found[1]["content"]] == ["tool_use", "tool_use"]
    assert [block["type"] for block in found[2]["content"]] == [
        "tool_result",
        "tool_result",
        "text",
    ]
    ids = [block["id"] for block in found[1]["content"]]
    assert ids == [block["tool_use_id"] for block in found[2]["content"][:2]]
    assert ids[0].startswith("toolu_")
    assert ids[1] == "c"


def test_what_was_changed_since_is_not_given_back_as_it_was() -> None:
    kept = {"s": {"content": [{"type": "text", "text": "before"}]}}
    talk = Message("user", "Where?"), Message("assistant", "after", provider=kept)
    assert body(*talk)["messages"][1]["content"] == [{"type": "text", "text": "after"}]


@pytest.mark.parametrize(
    ("told", "bill"),
    [
        ({"input_tokens": 5, "output_tokens": 2}, Usage(input=5, output=2)),
        (
            {
                "input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 900,
                "cache_creation_input_tokens": 90,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 40,
                },
            },
            Usage(input=10, cache_read=900, cache_write=50, cache_write_1h=40, output=2),
        ),
        (
            {
                "input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": None,
                "cache_creation": {"ephemeral_1h_input_tokens": 40},
            },
            Usage(input=1, cache_write_1h=40, output=2),
        ),
        ({"input_tokens": 0, "output_tokens": 0}, None),
        ({"input_tokens": -1, "output_tokens": 0}, None),
        ({"output_tokens": 3}, None),
        ([], None),
    ],
)  # fmt: skip
def test_bills(told: Any, bill: Usage | None) -> None:
    assert usage(told) == bill


def test_thinking_leaves_room_for_a_reply() -> None:
    with pytest.raises(UsageError, match="the least is 1024"):
        model("http://x", thinking=1000)
    with pytest.raises(UsageError, match="make max_output larger"):
        model("http://x", thinking=2000, max_output=2000)
    assert (model("http://x", thinking=2000).max_output, model("http://x").max_output) == (
        6096,
        4096,
    )


async def test_a_limit_within_the_thinking_is_not_sent(server: PlannedAnthropic) -> None:
    with pytest.raises(CallRefused, match="has no room beside the 2000"):
        await model(server.url, thinking=2000).reply(asking(max_tokens=2000))
    assert server.bodies == []
    await model(server.url, thinking=2000).reply(asking(max_tokens=2001))
    assert server.bodies[0]["thinking"] == {"type": "enabled", "budget_tokens": 2000}
    await model(server.url, thinking="adaptive").reply(asking())
    assert server.bodies[1]["thinking"] == {"type": "adaptive"}


@pytest.mark.parametrize(
    ("choice", "thinking", "sent"),
    [
        ("auto", None, None),
        ("none", None, {"type": "none"}),
        ("required", None, {"type": "any"}),
        ("none", 2000, {"type": "none"}),
        ("required", 2000, None),
    ],
)
async def test_tool_choice(
    server: PlannedAnthropic, choice: Any, thinking: int | None, sent: Any
) -> None:
    await model(server.url, thinking=thinking).reply(asking(tool_choice=choice))
    assert server.bodies[0].get("tool_choice") == sent


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("said", "meant"),
    [("pause_turn", "length"), ("model_context_window_exceeded", "length"), ("refusal", None)],
)
async def test_other_endings(
    server: PlannedAnthropic, stream: bool, said: str, meant: str | None
) -> None:
    server.plan(PlannedReply(text="Hm", ending=said))
    reply = await model(server.url, stream=stream).reply(asking())
    assert reply.finish_reason == (meant or "content_filter")


def error_of(kind: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": "not today"}}


@pytest.mark.parametrize(
    ("status", "kind", "error", "retryable"),
    [
        (529, "overloaded_error", CallRefused, True),
        (429, "rate_limit_error", CallRefused, True),
        (402, "billing_error", CallRefused, False),
        (500, "api_error", OutcomeUnknown, True),
        (401, "authentication_error", CallRefused, False),
    ],
)
@pytest.mark.parametrize("place", ["status", "body", "stream"])
async def test_errors_wherever_they_come(
    place: str, status: int, kind: str, error: type[PolicyError], retryable: bool
) -> None:
    def answer(path: str, asked: dict[str, Any]) -> HttpAnswer:
        if place == "status":
            return HttpAnswer(error_of(kind), status=status)
        if place == "body":
            return HttpAnswer(error_of(kind))
        return HttpAnswer(events=[event({"type": "ping"}), event(error_of(kind), "error")])

    with TypedServer(answer) as typed:
        with pytest.raises(error, match="not today") as caught:
            await model(typed.url, stream=place == "stream").reply(asking())
        assert type(caught.value) is error
        assert caught.value.retryable == retryable
        assert len(typed.bodies) == 1


START = {
    "type": "message_start",
    "message": {"id": "m", "model": "x", "usage": {"input_tokens": 7, "output_tokens": 1}},
}
TEXT = [
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hm"}},
    {"type": "content_block_stop", "index": 0},
]
END = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn"},
    "usage": {"input_tokens": 0, "output_tokens": 9},
}


async def streamed(*told: Any) -> Reply:
    events = [event(data) for data in told]
    with TypedServer(lambda path, asked: HttpAnswer(events=events)) as typed:
        return await model(typed.url, stream=True).reply(asking())


async def test_an_error_in_mid_stream_may_have_been_billed() -> None:
    with pytest.raises(OutcomeUnknown, match="broke off: not today"):
        await streamed(START, *TEXT, error_of("overloaded_error"))


async def test_an_error_after_the_bill_loses_nothing() -> None:
    reply = await streamed(START, *TEXT, END, error_of("api_error"))
    assert reply.message.content == "Hm"
    assert reply.usage == Usage(input=7, output=9)


async def test_counts_of_a_stream_only_grow_and_odd_events_are_left_out() -> None:
    later = {**END, "usage": {"output_tokens": 5, "cache_read_input_tokens": 30}}
    odd = ["", " ", {"type": "news"}, {"type": "content_block_delta", "index": 9, "delta": {}}]
    reply = await streamed(*odd, START, *TEXT, later, END, {"type": "message_stop"}, "not read")
    assert reply.usage == Usage(input=7, cache_read=30, output=9)


async def test_plain_json_where_a_stream_was_asked_for(server: PlannedAnthropic) -> None:
    whole = server.whole({"model": "m"}, PlannedReply(text="Hm")).model_dump(mode="json")
    with TypedServer(lambda path, asked: HttpAnswer(whole)) as typed:
        reply = await model(typed.url, stream=True).reply(asking())
    assert (reply.message.content, reply.usage) == ("Hm", Usage(input=10, output=5))


async def test_fields_of_a_call_go_back_to_their_server_alone(server: PlannedAnthropic) -> None:
    block = {
        "type": "tool_use", "id": "t1", "name": "lookup", "input": {"query": "é"},
        "caller": {"type": "direct"}, "toolset_name": None,
    }  # fmt: skip
    message = {
        "id": "m", "type": "message", "role": "assistant", "model": "x", "content": [block],
        "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 1},
    }  # fmt: skip
    with TypedServer(lambda path, asked: HttpAnswer(message)) as typed:
        first = await model(typed.url).reply(asking())
        (made,) = first.message.tool_calls
        assert first.message.provider is None
        assert made.provider is not None
        result = Message("tool", "x", tool_call_id="t1")
        talk = Message("user", "Where?"), first.message, result
        await model(typed.url).reply(asking(*talk))
        given_back = typed.bodies[1]["messages"][1]["content"]
    await model(server.url).reply(asking(*talk))
    assert given_back == [{name: block[name] for name in block if name != "toolset_name"}]
    assert "caller" not in server.bodies[0]["messages"][1]["content"][0]


async def test_keys_and_addresses(
    server: PlannedAnthropic, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="needs a key: set ANTHROPIC_API_KEY"):
        policy("anthropic/claude-opus-4-5").check()  # type: ignore[attr-defined]
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-1")
    await AnthropicMessages("m", base_url=server.url).reply(asking())
    assert "sk-ant-1" not in str(server.typed.headers[-1])
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    await policy("anthropic/claude-opus-4-5").reply(asking())
    assert "sk-ant-1" in str(server.typed.headers[-1])
    assert server.typed.paths[-1] == "/v1/messages"
    with pytest.raises(UsageError, match="set ANTHROPIC_API_KEY to the key alone") as caught:
        AnthropicMessages("m", api_key="sk-ant-secret\n").check()
    assert "secret" not in str(caught.value)


def test_a_missing_sdk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'outlay\[anthropic\]'"):
        policy("anthropic/claude", api_key="k").check()  # type: ignore[attr-defined]
