"""Puts a streamed reply together from server-sent events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...journal.records import Reply, ToolCall
from ..call_ids import own_id
from ..reasoning import SpokenText, begins_within, together, told
from . import wire
from .provider_data import MESSAGE_FIELDS, gather, joined
from .streamed_calls import StreamedCall, StreamedCalls


@dataclass
class SseParser:
    """Cuts a byte stream into the `data` of its server-sent events."""

    _rest: bytes = b""
    _data: list[bytes] = field(default_factory=list)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yields the data of every event that `chunk` completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            line = line.rstrip(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                yield b"\n".join(self._data)
                self._data.clear()

    def end(self) -> Iterator[bytes]:
        """Yields the last event of a stream that ends without a blank line."""
        return self.feed(b"\n\n")


@dataclass
class StreamedReply:
    """A reply that is being streamed.

    Attributes:
        spoken: takes each piece of the content.
        on_call: is called with the place and each tool call whose arguments are complete.
        finished: the server said that the reply is complete; only its bill may still come.
        done: the server said that nothing more comes.
        tokenizer: whose token ids are in it; None leaves tokens out.
        server: whose reply it is, as for `wire.decode`.
        calls: puts its tool calls together.
    """

    spoken: SpokenText | None = None
    on_call: Callable[[int, ToolCall], None] | None = None
    finished: bool = False
    done: bool = False
    tokenizer: str | None = None
    server: str = ""
    calls: StreamedCalls = field(default_factory=StreamedCalls)
    _text: list[str] = field(default_factory=list)
    _added: dict[str, list[Any]] = field(default_factory=dict)
    _head: dict[str, Any] = field(default_factory=dict)
    _ids: list[int] = field(default_factory=list)
    _logprobs: list[Any] = field(default_factory=list)
    _finish_reason: str | None = None
    _thoughts: list[str] = field(default_factory=list)
    _told: dict[StreamedCall, str] = field(default_factory=dict)

    def add(self, data: bytes) -> None:
        """Takes the data of one event.

        Raises:
            wire.Unreadable: it is not JSON, or the server reports an error in mid-stream.
        """
        if data.strip() == b"[DONE]":
            self.done = True
            return
        chunk = wire.loads(data)
        if not isinstance(chunk, Mapping):
            raise wire.UnreadableReply("a piece of the stream is not a JSON object")
        if chunk.get("error"):
            raise wire.UnreadableReply(f"the stream broke off: {wire.complaint(chunk)[:200]}")
        for name in ("id", "model", "usage", "prompt_token_ids"):
            if chunk.get(name):
                self._head[name] = chunk[name]
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
            self._choose(choices[0])

    def reply(self) -> Reply:
        """Returns the reply as if it had come in one piece."""
        message = {
            **joined(self._added),
            "content": "".join(self._text),
            "tool_calls": [call.to_wire() for call in self.calls.in_order()],
        }
        choice = {
            "message": message,
            "finish_reason": self._finish_reason,
            "token_ids": self._ids,
            "logprobs": {"content": self._logprobs},
        }
        reply = wire.reply({**self._head, "choices": [choice]}, self.tokenizer, self.server)
        thoughts = together(reply.reasoning, "".join(self._thoughts))
        return replace(reply, reasoning=thoughts) if self._thoughts else reply

    @property
    def begins_in_thought(self) -> bool:
        """Whether the content began within a thought, as it showed only later."""
        return begins_within("".join(self._text))

    def _choose(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta")
        if isinstance(delta, Mapping):
            if piece := wire.text(delta):
                self._text.append(piece)
                if self.spoken is not None:
                    self.spoken.add(piece)
            if isinstance(delta.get("content"), list):
                self._thoughts.append(told({"content": delta["content"]}))
            gather(self._added, delta, MESSAGE_FIELDS)
            if parts := delta.get("tool_calls"):
                self.calls.add(parts)
                self._tell(self.calls.complete())
        if self.tokenizer is not None:
            self._add_tokens(choice)
        if isinstance(reason := choice.get("finish_reason"), str):
            self._finish_reason = reason
            self.finished = True
            if self.spoken is not None:
                self.spoken.end()
            self._tell(self.calls.in_order())

    def _add_tokens(self, choice: Mapping[str, Any]) -> None:
        ids, told = choice.get("token_ids"), choice.get("logprobs")
        content = told.get("content") if isinstance(told, Mapping) else None
        self._ids += ids if isinstance(ids, list) else []
        self._logprobs += content if isinstance(content, list) else []

    def _tell(self, complete: Sequence[StreamedCall]) -> None:
        """Reports the calls that are complete and were not told yet."""
        if self.on_call is None:
            return
        for place, call in enumerate(complete):
            if call not in self._told:
                id = own_id(call.id, place, self._told.values(), str(self._head.get("id", "")))
                self._told[call] = id
                self.on_call(place, ToolCall(id, call.name, call.arguments or "{}"))
