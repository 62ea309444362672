from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from typed_server import HttpAnswer, TypedServer, checked

from outlay.journal.records import Message, Request, ToolCall, ToolSpec
from outlay.ledger.errors import CallRefused, OutcomeUnknown, UsageError
from outlay.ledger.usage import Usage
from outlay.policies import LangChainPolicy, policy
from outlay.testing import LoopbackServer, ScriptedAnswer

pytestmark = pytest.mark.usefixtures("forgotten_clients")

LOOKUP = ToolSpec(
    "lookup",
    "Looks a thing up.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)


def asking(*messages: Message, **options: Any) -> Request:
    told = messages or (Message("system", "Be brief."), Message("user", "Where is Rome?"))
    return Request(told, (LOOKUP,), **options)


async def test_openai_answers_with_its_bill(gpt: LangChainPolicy, server: LoopbackServer) -> None:
    from openai.types.chat.completion_create_params import (
        CompletionCreateParamsNonStreaming,
        CompletionCreateParamsStreaming,
    )

    server.steps(
        ScriptedAnswer(
            "In Italy of course.",
            usage={
                "prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050,
                "prompt_tokens_details": {"cached_tokens": 900},
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
        )
    )  # fmt: skip
    reply = await gpt.reply(asking(max_tokens=77, temperature=0.5, seed=3))
    assert (reply.message.content, reply.finish_reason) == ("In Italy of course.", "stop")
    assert reply.usage == Usage(input=100, cache_read=900, output=30, reasoning=20)
    assert (reply.model, reply.response_id) == ("gpt-5-mini", "" if gpt.stream else "chatcmpl-1")
    body = server.bodies[-1]
    streams = CompletionCreateParamsStreaming if body.get("stream") else None
    checked(streams or CompletionCreateParamsNonStreaming, body)
    assert (body["max_completion_tokens"], body["temperature"], body["seed"]) == (77, 0.5, 3)
    assert [message["role"] for message in body["messages"]] == ["system", "user"]


async def test_anthropic_answers_with_its_bill(
    claude: LangChainPolicy, anthropic_server: TypedServer, said: Any
) -> None:
    said.usage = {
        "input_tokens": 10, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 90,
        "output_tokens": 7,
    }  # fmt: skip
    reply = await claude.reply(asking(max_tokens=77))
    assert (reply.message.content, reply.finish_reason) == ("In Italy.", "stop")
    assert reply.usage == Usage(input=10, cache_read=900, cache_write=90, output=7)
    assert anthropic_server.bodies[-1]["max_tokens"] == 77


async def test_cache_writes_of_both_times_are_counted_once(
    claude: LangChainPolicy, said: Any
) -> None:
    said.usage = {
        "input_tokens": 10, "cache_creation_input_tokens": 90, "output_tokens": 7,
        "cache_creation": {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 30},
    }  # fmt: skip
    assert (await claude.reply(asking())).usage == Usage(input=10, cache_write=90, output=7)


async def test_calls_go_round_with_openai(gpt: LangChainPolicy, server: LoopbackServer) -> None:
    wishes = [{"name": "lookup", "arguments": {"query": f"q{n}"}} for n in range(3)]
    server.steps(ScriptedAnswer("Let me see.", tool_calls=tuple(wishes)))
    told: list[tuple[int, ToolCall]] = []
    reply = await gpt.reply(asking(on_call=lambda place, call: told.append((place, call))))
    calls = reply.message.tool_calls
    assert [call.arguments for call in calls] == [f'{{"query":"q{n}"}}' for n in range(3)]
    assert reply.finish_reason == "tool_calls"
    await asyncio.sleep(0)
    assert [call for _, call in told] == list(calls[: len(told)])
    results = [Message("tool", f"found {call.id}", tool_call_id=call.id) for call in calls]
    await gpt.reply(asking(Message("user", "Where?"), reply.message, *results))
    sent = server.bodies[-1]["messages"]
    assert [call["id"] for call in sent[1]["tool_calls"]] == [call.id for call in calls]
    assert [message["tool_call_id"] for message in sent[2:]] == [call.id for call in calls]


async def test_opaque_parts_go_back_unchanged(
    claude: LangChainPolicy, anthropic_server: TypedServer, said: Any
) -> None:
    said.content = [
        {"type": "thinking", "thinking": "Rome? Look it up.", "signature": "c2lnbmVk"},
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "toolu_1", "name": "lookup", "input": {"query": "Rome"}},
    ]
    said.stop_reason = "tool_use"
    reply = await claude.reply(asking())
    call = reply.message.tool_calls[0]
    assert (call.id, call.name) == ("toolu_1", "lookup")
    assert json.loads(call.arguments) == {"query": "Rome"}
    assert reply.finish_reason == "tool_calls"
    from outlay.journal.codec import message_from, message_to

    kept = message_from(message_to(reply.message))
    answer = Message("tool", "Italy", tool_call_id="toolu_1")
    await claude.reply(asking(Message("user", "Where?"), kept, answer))
    sent = anthropic_server.bodies[-1]["messages"][1]["content"]
    assert sent[0] == said.content[0]
    assert [block["type"] for block in sent] == ["thinking", "text", "tool_use"]
    assert sent[2] == said.content[2]


async def test_no_other_provider_gets_the_opaque_parts(
    claude: LangChainPolicy, gpt: LangChainPolicy, server: LoopbackServer, said: Any
) -> None:
    said.content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"},
        {"type": "text", "text": "Italy."},
    ]
    reply = await claude.reply(asking())
    await gpt.reply(asking(Message("user", "Where?"), reply.message, Message("user", "Sure?")))
    assert server.bodies[-1]["messages"][1] == {"role": "assistant", "content": "Italy."}


async def test_none_forbids_calls(
    claude: LangChainPolicy, anthropic_server: TypedServer, gpt: LangChainPolicy,
    server: LoopbackServer,
) -> None:  # fmt: skip
    await gpt.reply(asking(tool_choice="none"))
    assert server.bodies[-1]["tool_choice"] == "none"
    await claude.reply(asking(tool_choice="none"))
    assert anthropic_server.bodies[-1]["tool_choice"] == {"type": "none"}


async def test_text_comes_in_pieces(gpt: LangChainPolicy, server: LoopbackServer) -> None:
    server.steps(ScriptedAnswer("one two three"))
    pieces: list[str] = []
    await gpt.reply(asking(on_text=pieces.append))
    await asyncio.sleep(0)
    assert pieces == (["one ", "two ", "three"] if gpt.stream else [])


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, CallRefused, False),
        (401, CallRefused, False),
        (429, CallRefused, True),
        (500, OutcomeUnknown, True),
        (503, CallRefused, True),
    ],
)
async def test_a_status_decides_what_is_booked(
    gpt: LangChainPolicy, claude: LangChainPolicy, server: LoopbackServer, said: Any,
    status: int, kind: type[Exception], retryable: bool,
) -> None:  # fmt: skip
    headers = {"retry-after": "7"} if status == 429 else {}
    server.steps(ScriptedAnswer(status=status, headers=headers))
    body = {"type": "error", "error": {"type": "x", "message": "as planned sk-ant-secret-key"}}
    said.answer = HttpAnswer(body, status=status, headers=headers)
    for model in (gpt, claude):
        with pytest.raises(kind, match=f"{status}") as caught:
            await model.reply(asking())
        assert caught.value.retryable is retryable  # type: ignore[attr-defined]
        assert caught.value.retry_after == (7 if status == 429 else None)  # type: ignore[attr-defined]
        assert "as planned" in str(caught.value)
        assert "secret" not in str(caught.value)
    assert server.served.requests == 1


async def test_one_try_and_an_unknown_bill_where_the_connection_breaks(
    gpt: LangChainPolicy, server: LoopbackServer
) -> None:
    server.steps(ScriptedAnswer("lost", fault="reset"))
    with pytest.raises(OutcomeUnknown):
        await gpt.reply(asking())
    assert server.served.requests == 1


async def test_nothing_is_billed_where_no_server_is(stream: bool) -> None:
    for model in ("openai/gpt-5-mini", "anthropic/claude-sonnet-5"):
        there = LangChainPolicy(model, base_url="http://127.0.0.1:9/v1", api_key="k", stream=stream)
        with pytest.raises(CallRefused, match="cannot be reached"):
            await there.reply(asking())


async def test_a_late_reply_has_an_unknown_bill(
    gpt: LangChainPolicy, server: LoopbackServer
) -> None:
    server.steps(ScriptedAnswer("late", wait=5))
    with pytest.raises(OutcomeUnknown, match=r"did not reply within 0\.2 s"):
        await gpt.reply(asking(timeout=0.2))


async def test_without_a_bill_usage_is_unknown(
    gpt: LangChainPolicy, server: LoopbackServer
) -> None:
    server.steps(ScriptedAnswer("Yes.", usage=None))
    assert (await gpt.reply(asking())).usage is None


async def test_a_cut_reply_says_so(gpt: LangChainPolicy, server: LoopbackServer) -> None:
    server.steps(ScriptedAnswer(words=50))
    assert (await gpt.reply(asking(max_tokens=5))).finish_reason == "length"


async def test_malformed_arguments_arrive_as_written_and_can_go_back(
    gpt: LangChainPolicy, server: LoopbackServer
) -> None:
    server.steps(ScriptedAnswer(tool_calls=({"name": "lookup", "arguments": '{"query": nope'},)))
    reply = await gpt.reply(asking())
    call = reply.message.tool_calls[0]
    assert (call.name, call.arguments) == ("lookup", '{"query": nope')
    told = Message("tool", "no JSON", tool_call_id=call.id)
    await gpt.reply(asking(Message("user", "Where?"), reply.message, told))
    assert server.bodies[-1]["messages"][1]["tool_calls"][0]["id"] == call.id


async def test_thoughts_stay_below_what_the_call_may_write(
    anthropic_server: TypedServer, said: Any
) -> None:
    def thinking(tokens: int) -> LangChainPolicy:
        return LangChainPolicy(
            "anthropic/claude-haiku-4-5", base_url=anthropic_server.url, api_key="k",
            thinking={"type": "enabled", "budget_tokens": tokens},
        )  # fmt: skip

    model = thinking(2000)
    assert model.headroom == 2000
    await model.reply(asking())
    sent = anthropic_server.bodies[-1]
    assert (sent["thinking"]["budget_tokens"], sent["max_tokens"]) == (2000, 4096)
    with pytest.raises(CallRefused, match="nothing was sent"):
        await model.reply(asking(max_tokens=1500))
    assert len(anthropic_server.bodies) == 1
    with pytest.raises(UsageError, match="leave no room for an answer"):
        thinking(4096)


def test_several_event_loops_in_turn(gpt: LangChainPolicy, claude: LangChainPolicy) -> None:
    for _ in range(3):
        for model in (gpt, claude):
            assert asyncio.run(model.reply(asking())).message.content


async def test_a_chat_model_of_ones_own(server: LoopbackServer) -> None:
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(model="gpt-5-mini", base_url=server.url, api_key="k", max_retries=0)
    own = LangChainPolicy(chat, name="langchain:openai/gpt-5-mini")
    assert (await own.reply(asking())).usage is not None
    with pytest.raises(UsageError, match="needs a name"):
        LangChainPolicy(chat)
    with pytest.raises(UsageError, match="max_retries=0"):
        LangChainPolicy(
            ChatOpenAI(model="m", base_url=server.url, api_key="k"), name="langchain:openai/m"
        ).check()


@pytest.mark.parametrize(
    ("spec", "options", "said"),
    [
        ("langchain:openai/gpt-5-mini", {}, "OPENAI_API_KEY"),
        ("langchain:mistralai/m", {}, "pip install langchain-mistralai"),
        ("langchain:nobody/m", {}, "Unsupported provider"),
        ("langchain:openai/m", {"api_key": "k", "colour": "red"}, "colour"),
        ("langchain:gpt-5-mini", {}, "write langchain:PROVIDER/MODEL"),
        ("langchain:openai/m", {"tool_protocol": "text"}, "leave --tool-protocol out"),
    ],
)
def test_what_is_wrong_is_one_sentence(spec: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        policy(spec, **options).check()  # type: ignore[attr-defined]
    assert "\n" not in str(caught.value)


def test_naming_a_model_imports_nothing() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from outlay.policies import policy; policy('langchain:openai/gpt-5-mini');"
        "assert not {'langchain', 'langchain_openai'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
