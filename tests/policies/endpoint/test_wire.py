from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import Message, Request, ToolCall, ToolSpec
from outlay.policies.call_ids import made_id
from outlay.policies.endpoint import wire
from outlay.policies.endpoint.stream import SseParser, StreamedReply

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CALL = st.builds(ToolCall, TEXT, TEXT, TEXT)
MESSAGE = st.builds(
    Message, st.sampled_from(["system", "user"]), TEXT, st.just(()), st.none()
) | st.builds(Message, st.just("assistant"), TEXT, st.lists(CALL, max_size=2).map(tuple))


@given(st.lists(MESSAGE, max_size=4), TEXT, st.integers(0, 99), st.booleans())
def test_body_is_the_json_of_its_parts(
    messages: list[Message], model: str, limit: int, stream: bool
) -> None:
    tool = ToolSpec("t", "does", {"type": "object"})
    request = Request(tuple(messages), (tool,), temperature=0.0, seed=1)
    body = json.loads(wire.encode(request, model, limit, stream=stream))
    expected: dict[str, Any] = {
        "model": model,
        "messages": [wire.chat_message(message) for message in messages],
        "tools": [wire.chat_tool(tool)],
        "max_tokens": limit,
        "temperature": 0.0,
        "seed": 1,
    }
    if stream:
        expected |= {"stream": True, "stream_options": {"include_usage": True}}
    assert body == expected


def decoded(**message: Any) -> Message:
    return wire.reply({"choices": [{"message": message}]}).message


def test_content_in_parts_and_refusals() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]
    assert decoded(content=parts).content == "ab"
    assert decoded(content=None, refusal="I will not.").content == "I will not."
    assert decoded().content == ""


def test_tool_calls_of_sloppy_servers() -> None:
    function = {"name": "f", "arguments": {"a": 1}}
    calls = decoded(
        tool_calls=[
            {"function": function},
            {"id": "x", "function": {"name": "g", "arguments": None}},
            {"id": "x", "function": {"name": "h", "arguments": ""}},
            "nonsense",
        ]
    ).tool_calls
    assert calls == (
        ToolCall(made_id("", 0), "f", '{"a":1}'),
        ToolCall("x", "g", "{}"),
        ToolCall(made_id("", 2), "h", "{}"),
    )


def test_lone_surrogates_do_not_lose_a_paid_reply() -> None:
    raw = b'{"choices":[{"message":{"content":"a\\ud800b\\u00e9"}}]}'
    assert wire.decode(raw).message.content == "a?bé"
    assert wire.message_bytes(wire.decode(raw).message)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"null", b"{", b"{}", b'{"choices":[null]}', b"[" * 100_000, b"\xff\x00"]
)
def test_unreadable(raw: bytes) -> None:
    with pytest.raises(wire.UnreadableReply):
        wire.decode(raw)


def test_error_in_disguise_is_quoted() -> None:
    with pytest.raises(wire.UnreadableReply, match="no choices") as caught:
        wire.decode(b'{"error":{"message":"upstream is down"}}')
    assert caught.value.said == "upstream is down"


@given(st.data())
def test_events_do_not_depend_on_where_the_stream_is_cut(data: st.DataObject) -> None:
    stream = b'data: {"a":1}\r\n\r\n: note\n\nevent: x\ndata: 2\ndata:3\n\ndata: [DONE]'
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    events = SseParser()
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    found = [event for piece in pieces for event in events.feed(piece)]
    assert [*found, *events.end()] == [b'{"a":1}', b"2\n3", b"[DONE]"]


def test_finished_stream_without_its_bill_is_a_reply() -> None:
    assembly = StreamedReply()
    assembly.add(b'{"choices":[{"delta":{"content":"hi"},"finish_reason":null}]}')
    assert not assembly.finished
    assembly.add(b'{"choices":[{"delta":{},"finish_reason":"stop"}]}')
    assert assembly.finished
    assert assembly.reply().message.content == "hi"
    assert assembly.reply().usage is None


def test_error_in_mid_stream() -> None:
    with pytest.raises(wire.UnreadableReply, match="broke off") as caught:
        StreamedReply().add(b'{"error":{"message":"overloaded"}}')
    assert caught.value.said == "overloaded"


def test_several_samples_are_asked_for_and_read() -> None:
    request = Request((Message("user", "x"),), samples=3)
    body = json.loads(wire.encode(request, "m", 10, stream=False))
    assert body["n"] == 3
    choices = [{"message": {"role": "assistant", "content": text}} for text in "abc"]
    reply = wire.decode(json.dumps({"choices": choices}).encode())
    assert reply.message.content == "a"
    assert [message.content for message in reply.others] == ["b", "c"]
