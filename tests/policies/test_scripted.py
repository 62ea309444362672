from __future__ import annotations

import json
from pathlib import Path

import pytest

from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import CallRefused, OutcomeUnknown, UsageError
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy, policy

ASK = Request((Message("user", "Well?"),))


async def test_steps_in_order() -> None:
    call = ToolCall("c", "search")
    whole = Reply(Message("assistant", "whole"), Usage(1, 0, 0, 1))
    scripted = ScriptedPolicy(["text", call, [call, call], OutcomeUnknown("lost"), whole])
    assert (await scripted.reply(ASK)).message == Message("assistant", "text")
    assert (await scripted.reply(ASK)).message.tool_calls == (call,)
    assert (await scripted.reply(ASK)).finish_reason == "tool_calls"
    with pytest.raises(OutcomeUnknown, match="lost"):
        await scripted.reply(ASK)
    assert await scripted.reply(ASK) is whole
    with pytest.raises(CallRefused, match="no reply left after its 5 steps"):
        await scripted.reply(ASK)
    assert scripted.requests == [ASK] * 6


async def test_functions() -> None:
    async def later(request: Request) -> str:
        return request.messages[-1].content

    assert (await ScriptedPolicy(lambda request: "now").reply(ASK)).message.content == "now"
    assert (await ScriptedPolicy(later).reply(ASK)).message.content == "Well?"


async def test_file_is_followed_by_turn(tmp_path: Path) -> None:
    file = tmp_path / "script.json"
    steps = [
        {"tool_calls": [{"name": "search", "arguments": {"q": 1}}], "usage": {"input": 3}},
        "The end.",
        {"error": "no more"},
    ]
    file.write_text(json.dumps(steps))
    scripted = policy(f"scripted:{file}")
    for _ in range(2):
        first = await scripted.reply(ASK)
        assert first.message.tool_calls == (ToolCall("call_0_0", "search", '{"q": 1}'),)
        assert first.usage == Usage(input=3)
    said = Request((*ASK.messages, first.message))
    assert (await scripted.reply(said)).message.content == "The end."
    with pytest.raises(CallRefused, match="no more"):
        await scripted.reply(Request((*said.messages, Message("assistant", "The end."))))


@pytest.mark.parametrize("text", ["{}", "[1]", "nonsense", '[{"usage": {"x": 1}}]'])
def test_file_that_is_no_script(tmp_path: Path, text: str) -> None:
    file = tmp_path / "script.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="cannot be used"):
        policy(f"scripted:{file}")
    with pytest.raises(UsageError, match="cannot be used"):
        policy("scripted:no such file")
