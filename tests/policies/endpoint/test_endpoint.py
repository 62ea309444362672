from __future__ import annotations

import asyncio
import os

import pytest

from outlay.journal.records import Message, Request, ToolCall, ToolSpec
from outlay.ledger.errors import UsageError
from outlay.ledger.usage import Usage
from outlay.policies import Endpoint
from outlay.policies.call_ids import made_id
from outlay.policies.endpoint import clients
from outlay.policies.endpoint.endpoint import key_source, limit_field
from outlay.policies.endpoint.wire import chat_message, chat_tool
from outlay.testing import LoopbackServer, ScriptedAnswer

LOOKUP = ToolSpec(
    "lookup",
    "Looks a thing up.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)


def asking(text: str = "Where is Rome?", **options: object) -> Request:
    return Request((Message("user", text),), (LOOKUP,), **options)  # type: ignore[arg-type]


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def endpoint(request: pytest.FixtureRequest, server: LoopbackServer) -> Endpoint:
    return Endpoint("model", base_url=server.url, stream=request.param, timeout=5)


async def test_answer_with_its_bill(endpoint: Endpoint, server: LoopbackServer) -> None:
    server.steps(ScriptedAnswer("In Italy  of course."))
    reply = await endpoint.reply(asking())
    assert reply.message == Message("assistant", "In Italy  of course.")
    assert (reply.usage, reply.finish_reason) == (Usage(input=3, output=4), "stop")
    assert (reply.model, reply.response_id) == ("model", "chatcmpl-1")
    assert reply.seconds > 0


async def test_parallel_tool_calls(endpoint: Endpoint, server: LoopbackServer) -> None:
    wishes = [{"name": "lookup", "arguments": {"query": f"q{n}"}} for n in range(8)]
    server.steps(ScriptedAnswer("Let me see.", tool_calls=tuple(wishes)))
    reply = await endpoint.reply(asking())
    assert reply.message.content == "Let me see."
    assert [call.arguments for call in reply.message.tool_calls] == [
        f'{{"query":"q{n}"}}' for n in range(8)
    ]
    assert len({call.id for call in reply.message.tool_calls}) == 8
    assert reply.finish_reason == "tool_calls"


async def test_malformed_arguments_arrive_as_written(
    endpoint: Endpoint, server: LoopbackServer
) -> None:
    server.steps(ScriptedAnswer(tool_calls=({"name": "lookup", "arguments": '{"query": '},)))
    reply = await endpoint.reply(asking())
    assert reply.message.tool_calls[0].arguments == '{"query": '


async def test_everything_that_changes_the_reply_is_sent(
    endpoint: Endpoint, server: LoopbackServer
) -> None:
    call = ToolCall("c1", "lookup", '{"query":"é"}')
    messages = (
        Message("system", "Be brief."),
        Message("user", "Hm?"),
        Message("assistant", "", (call,)),
        Message("tool", "found", tool_call_id="c1"),
    )
    await endpoint.reply(
        Request(messages, (LOOKUP,), "none", max_tokens=7, temperature=0.5, seed=3)
    )
    body = server.bodies[-1]
    assert body["messages"] == [chat_message(message) for message in messages]
    assert body["tools"] == [chat_tool(LOOKUP)]
    assert (body["tool_choice"], body["max_tokens"]) == ("none", 7)
    assert (body["temperature"], body["seed"], body["model"]) == (0.5, 3, "model")


async def test_endpoint_limits_output_where_the_request_does_not(server: LoopbackServer) -> None:
    server.steps(ScriptedAnswer(words=500))
    reply = await Endpoint("m", base_url=server.url, max_output=20).reply(asking())
    assert (reply.finish_reason, reply.usage) == ("length", Usage(input=3, output=20))


async def test_reply_larger_than_asked_is_billed_as_served(
    endpoint: Endpoint, server: LoopbackServer
) -> None:
    server.steps(ScriptedAnswer(words=50, ignore_limit=True))
    reply = await endpoint.reply(asking(max_tokens=10))
    assert reply.usage == Usage(input=3, output=50)


@pytest.mark.parametrize("fault", [None, "drop_usage"])
async def test_without_a_bill_usage_is_unknown(
    endpoint: Endpoint, server: LoopbackServer, fault: None
) -> None:
    server.steps(ScriptedAnswer("Yes.", usage=None, fault=fault))
    assert (await endpoint.reply(asking())).usage is None


async def test_stream_hands_on_each_piece(server: LoopbackServer) -> None:
    server.steps(ScriptedAnswer("one two three"))
    pieces: list[str] = []
    await Endpoint("m", base_url=server.url, stream=True).reply(asking(on_text=pieces.append))
    assert pieces == ["one ", "two ", "three"]


def test_several_event_loops_in_turn(server: LoopbackServer) -> None:
    endpoint = Endpoint("m", base_url=server.url)
    for _ in range(3):
        reply = asyncio.run(endpoint.reply(asking()))
        assert reply.message.content
    assert not clients._clients, "the loops did not close their clients"


async def test_two_hundred_at_once(server: LoopbackServer) -> None:
    server.script = lambda body: ScriptedAnswer("ok", wait=0.2)
    endpoint = Endpoint("m", base_url=server.url)
    await asyncio.gather(*[endpoint.reply(asking()) for _ in range(200)])
    assert (server.served.requests, server.served.at_once) == (200, 200)


async def test_cancelled_call_leaves_the_client_usable(server: LoopbackServer) -> None:
    server.steps(ScriptedAnswer(fault="hang"), ScriptedAnswer("fine"))
    endpoint = Endpoint("m", base_url=server.url)
    task = asyncio.create_task(endpoint.reply(asking()))
    while not server.served.replies:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await endpoint.reply(asking())).message.content == "fine"


async def test_key_goes_where_it_belongs(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    await Endpoint("m", base_url=server.url).reply(asking())
    assert "authorization" not in server.headers[-1]
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    await Endpoint("m").reply(asking())
    assert server.headers[-1]["authorization"] == "Bearer sk-openai"
    await Endpoint("m", base_url=server.url, api_key="own").reply(asking())
    assert server.headers[-1]["authorization"] == "Bearer own"


async def test_openai_without_a_key_is_a_usage_error() -> None:
    assert not os.environ.get("OPENAI_API_KEY")
    with pytest.raises(UsageError, match="needs a key: set OPENAI_API_KEY"):
        await Endpoint("gpt-5-mini").reply(asking())


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ("gpt-4o-mini", "max_tokens"),
        ("gpt-3.5-turbo", "max_tokens"),
        ("gpt-5-mini", "max_completion_tokens"),
        ("o4-mini", "max_completion_tokens"),
    ],
)
def test_openai_renamed_the_limit(model: str, field: str) -> None:
    assert limit_field("https://api.openai.com/v1", model) == field
    assert limit_field("http://127.0.0.1:8000/v1", model) == "max_tokens"


def test_keys_of_other_servers() -> None:
    assert key_source("https://api.openai.com/v1") == "OPENAI_API_KEY"
    assert key_source("https://example.org/v1") == "OUTLAY_API_KEY"


async def test_text_protocol_over_the_wire(server: LoopbackServer) -> None:
    block = '```tool_call\n{"name": "lookup", "arguments": {"query": "Rome"}}\n```'
    server.steps(ScriptedAnswer(block), ScriptedAnswer("Italy."))
    endpoint = Endpoint("m", base_url=server.url, tool_protocol="text")
    first = await endpoint.reply(asking())
    assert first.message.tool_calls == (
        ToolCall(made_id("chatcmpl-1", 0), "lookup", '{"query":"Rome"}'),
    )
    found = Message("tool", "It is in Italy.", tool_call_id=made_id("chatcmpl-1", 0))
    more = Request((Message("user", "Where is Rome?"), first.message, found), (LOOKUP,))
    assert (await endpoint.reply(more)).message == Message("assistant", "Italy.")
    before, after = (body["messages"] for body in server.bodies)
    assert after[: len(before)] == before
    assert after[-2:] == [
        {"role": "assistant", "content": block},
        {"role": "user", "content": f"Result of lookup ({found.tool_call_id}):\nIt is in Italy."},
    ]
    assert "tools" not in server.bodies[-1]
