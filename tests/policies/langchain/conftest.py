from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typed_server import HttpAnswer, TypedServer

from outlay.policies.langchain.policy import LangChainPolicy
from outlay.testing import LoopbackServer


class Said:
    """What an Anthropic server says next: blocks and usage, as the SDK's own classes."""

    def __init__(self) -> None:
        self.content: list[dict[str, Any]] = [{"type": "text", "text": "In Italy."}]
        self.usage: dict[str, Any] = {"input_tokens": 10, "output_tokens": 4}
        self.stop_reason = "end_turn"
        self.answer: HttpAnswer | None = None

    def __call__(self, path: str, body: dict[str, Any]) -> HttpAnswer:
        from anthropic.types import Message
        from anthropic.types.message_create_params import (
            MessageCreateParamsNonStreaming,
            MessageCreateParamsStreaming,
        )
        from typed_server import checked

        kind = MessageCreateParamsStreaming if body.get("stream") else None
        checked(kind or MessageCreateParamsNonStreaming, body)
        if self.answer is not None:
            return self.answer
        message = Message.model_validate(
            {
                "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
                "content": self.content, "stop_reason": self.stop_reason, "stop_sequence": None,
                "usage": self.usage,
            }
        )  # fmt: skip
        if not body.get("stream"):
            return HttpAnswer(message.model_dump(mode="json", exclude_none=True))
        return HttpAnswer(events=list(_events(message.model_dump(mode="json", exclude_none=True))))


def _events(message: dict[str, Any]) -> Iterator[bytes]:
    from typed_server import event

    def told(kind: str, **data: Any) -> bytes:
        return event({"type": kind, **data}, kind)

    usage = message["usage"]
    yield told("message_start", message={
        **message, "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": {**usage, "output_tokens": 1},
    })  # fmt: skip
    for index, block in enumerate(message["content"]):
        deltas: list[dict[str, Any]] = []
        start = dict(block)
        if block["type"] == "text":
            start["text"] = ""
            deltas = [{"type": "text_delta", "text": word} for word in _words(block["text"])]
        elif block["type"] == "thinking":
            start |= {"thinking": "", "signature": ""}
            deltas = [
                {"type": "thinking_delta", "thinking": block["thinking"]},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        elif block["type"] == "tool_use":
            import json

            text = json.dumps(block["input"])
            start["input"] = {}
            deltas = [
                {"type": "input_json_delta", "partial_json": part} for part in (text[:4], text[4:])
            ]
        yield told("content_block_start", index=index, content_block=start)
        for delta in deltas:
            yield told("content_block_delta", index=index, delta=delta)
        yield told("content_block_stop", index=index)
    yield told(
        "message_delta", usage=usage,
        delta={"stop_reason": message["stop_reason"], "stop_sequence": None},
    )  # fmt: skip
    yield told("message_stop")


def _words(text: str) -> list[str]:
    first, *others = text.split(" ")
    return [first, *(f" {word}" for word in others)]


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def anthropic_server(said: Said) -> Iterator[TypedServer]:
    with TypedServer(said) as running:
        yield running
        assert running.problems == []


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def claude(anthropic_server: TypedServer, stream: bool) -> LangChainPolicy:
    return LangChainPolicy(
        "anthropic/claude-sonnet-5", base_url=anthropic_server.url, api_key="sk-ant-secret-key",
        stream=stream, timeout=20,
    )  # fmt: skip


@pytest.fixture
def gpt(server: LoopbackServer, stream: bool) -> LangChainPolicy:
    return LangChainPolicy(
        "openai/gpt-5-mini", base_url=server.url, api_key="sk-secret-key-1", stream=stream,
        timeout=20,
    )  # fmt: skip
