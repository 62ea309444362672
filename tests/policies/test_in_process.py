from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import Message, Reply, Request, ToolCall, ToolSpec
from outlay.ledger.errors import CallRefused, OutcomeUnknown
from outlay.ledger.usage import Usage
from outlay.policies import Policy, in_process_policy
from outlay.policies.in_process import Answer, InProcessPolicy
from outlay.policies.word_bills import Speak, limited

ASK = Request((Message("user", "Where is Rome?"),))
SEARCH = ToolSpec("search", "Finds texts.", {"type": "object"})
CALL = ToolCall("c", "search", '{"q": "a b"}')


def speaking(text: str) -> Speak:
    return lambda request: (Message("assistant", text), "stop")


def calling(request: Request) -> tuple[Message, str]:
    return Message("assistant", "Hm.", (CALL,)), "tool_calls"


@pytest.mark.parametrize("stream", [False, True])
async def test_answers_and_bills_by_the_word(stream: bool) -> None:
    policy = in_process_policy(speaking("In  Italy.\n"), name="a/reader", stream=stream)
    reply = await policy.reply(ASK)
    assert (reply.message.content, reply.usage) == ("In  Italy.\n", Usage(input=3, output=2))
    assert policy.name == reply.model == "a/reader"
    await policy.close()


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calls(stream: bool) -> None:
    policy = in_process_policy(calling, name="a/reader", stream=stream)
    reply = await policy.reply(Request(ASK.messages, (SEARCH,)))
    assert reply.message.tool_calls == (CALL,)
    assert reply.usage == Usage(input=5, output=1 + 1 + 3)
    await policy.close()


async def test_limit_on_output_is_kept() -> None:
    policy = in_process_policy(speaking("one two three"), name="a/reader")
    reply = await policy.reply(Request(ASK.messages, max_tokens=2))
    assert (reply.message.content, reply.finish_reason) == ("one two", "length")
    assert reply.usage == Usage(input=3, output=2)
    await policy.close()


@given(st.text(), st.integers(0, 3), st.integers(0, 12))
def test_no_reply_is_longer_than_asked(text: str, calls: int, limit: int) -> None:
    message = Message("assistant", text, (CALL,) * calls)
    cut, finish, spent = limited(message, "stop", limit)
    assert spent <= limit
    assert len(cut.content.split()) <= spent
    assert text.startswith(cut.content)
    whole = len(text.split()) + 4 * calls <= limit
    assert (finish == "stop") == whole


async def test_failures_are_those_of_a_server() -> None:
    def broken(request: Request) -> tuple[Message, str]:
        raise ValueError("no grammar for this")

    policy = in_process_policy(broken, name="a/reader")
    with pytest.raises(OutcomeUnknown, match="no grammar for this"):
        await policy.reply(ASK)
    with pytest.raises(CallRefused, match="no messages"):
        await policy.reply(Request(()))
    await policy.close()


class Gate:
    """A model that waits at a gate and notes how many requests came together."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self.batches: list[int] = []

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        self.entered.set()
        self.open.wait(10)
        self.batches.append(len(requests))
        return [Reply(Message("assistant", "ok")) for _ in requests]


@pytest.fixture
def gate() -> Gate:
    return Gate()


async def entered(gate: Gate, policy: Policy) -> asyncio.Task[Any]:
    task = asyncio.create_task(policy.reply(ASK))
    while not gate.entered.is_set():
        await asyncio.sleep(0.01)
    return task


async def test_waiting_requests_are_decoded_together(gate: Gate) -> None:
    policy = InProcessPolicy(gate, name="gate")
    first = await entered(gate, policy)
    rest = [asyncio.create_task(policy.reply(ASK)) for _ in range(20)]
    await asyncio.sleep(0.3)
    gate.open.set()
    await asyncio.gather(first, *rest)
    assert sum(gate.batches) == 21
    assert gate.batches[0] == 1
    assert max(gate.batches) > 1
    await policy.close()


async def test_cancelled_before_its_turn_is_never_decoded(gate: Gate) -> None:
    policy = InProcessPolicy(gate, name="gate")
    first = await entered(gate, policy)
    second = asyncio.create_task(policy.reply(ASK))
    await asyncio.sleep(0.1)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.open.set()
    assert (await first).message.content == "ok"
    assert sum(gate.batches) == 1
    await policy.close()


async def test_timeout(gate: Gate) -> None:
    policy = InProcessPolicy(gate, name="gate", timeout=0.2)
    with pytest.raises(OutcomeUnknown, match=r"within 0\.2 s"):
        await policy.reply(ASK)
    gate.open.set()
    await policy.close()


def test_several_event_loops_in_turn() -> None:
    policy = in_process_policy(speaking("Yes."), name="a/reader")
    for _ in range(3):
        assert asyncio.run(policy.reply(ASK)).message.content == "Yes."
    asyncio.run(policy.close())


async def test_a_stream_tells_words_and_then_calls() -> None:
    words: list[str] = []
    calls: list[tuple[int, ToolCall]] = []
    policy = in_process_policy(
        lambda request: (Message("assistant", "Hm,  well.\n", (CALL,)), "tool_calls"),
        name="a/reader", stream=True,
    )  # fmt: skip
    on_call = lambda place, call: calls.append((place, call))  # noqa: E731
    await policy.reply(Request(ASK.messages, (SEARCH,), on_text=words.append, on_call=on_call))
    assert (words, calls) == (["Hm,", "  well.", "\n"], [(0, CALL)])
    await policy.close()


async def test_a_model_without_tools_reads_and_writes_them_as_text() -> None:
    seen: list[Request] = []

    class Plain:
        def answers(self, requests: Sequence[Request]) -> list[Answer]:
            seen.extend(requests)
            text = '```tool_call\n{"name": "search", "arguments": {"q": "a b"}}\n```'
            return [Reply(Message("assistant", text)) for _ in requests]

    policy = InProcessPolicy(Plain(), name="plain", tool_protocol="text", max_output=7)
    reply = await policy.reply(Request(ASK.messages, (SEARCH,)))
    assert [(call.name, call.arguments) for call in reply.message.tool_calls] == [
        ("search", '{"q":"a b"}')
    ]
    assert (seen[0].tools, seen[0].max_tokens, reply.finish_reason) == ((), 7, "tool_calls")
    await policy.close()
