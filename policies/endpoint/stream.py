"""Puts a streamed reply together from server-sent events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...journal.records import Reply, ToolCall
from ..call_ids import own_id
from ..reasoning import SpokenText, begins_within, together, told
from . import bills, wire
from .provider_data import MESSAGE_FIELDS, gather, joined
from .reported_errors import error_in
from .streamed_calls import StreamedCall, StreamedCalls

_ON_THE_WAY = 32
"""Tokens that a server can have written of which nothing has come yet."""


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
                if data := b"\n".join(self._data).strip():
                    yield data
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
        most_output: tokens that were asked for at most.
        stated: the header in which some servers state the cost.
        calls: puts its tool calls together.
    """

    spoken: SpokenText | None = None
    on_call: Callable[[int, ToolCall], None] | None = None
    finished: bool = False
    done: bool = False
    tokenizer: str | None = None
    server: str = ""
    most_output: int | None = None
    stated: str | None = None
    calls: StreamedCalls = field(default_factory=StreamedCalls)
    _text: list[str] = field(default_factory=list)
    _added: dict[str, list[Any]] = field(default_factory=dict)
    _head: dict[str, Any] = field(default_factory=dict)
    _ids: list[int] = field(default_factory=list)
    _logprobs: list[Any] = field(default_factory=list)
    _finish_reason: str | None = None
    _is_billed: bool = False
    _unreadable: wire.UnreadableReply | None = None
    _thoughts: list[str] = field(default_factory=list)
    _told: dict[StreamedCall, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether the server has said so, or its bill has come last."""
        return self.finished or (self.done and bool(self._head)) or self._is_billed

    def add(self, data: bytes) -> None:
        """Takes the data of one event.

        Raises:
            wire.ReportedError: the server reports an error in mid-stream.
        """
        if data == b"[DONE]":
            self.done = True
        elif data.startswith(b"{"):
            try:
                chunk = wire.loads(data)
            except wire.UnreadableReply as exc:
                first, *others = data.splitlines()
                if others:  # events without a blank line between them
                    for line in (first, *others):
                        self.add(line)
                elif not self.finished:
                    self._unreadable = exc
            else:
                self.take(chunk)

    def take(self, chunk: Mapping[str, Any]) -> None:
        """Takes a piece of the reply.

        Raises:
            wire.ReportedError: it is an error.
        """
        if (counted := bills.usage_in(chunk)) is not None:
            self._head["usage"] = bills.latest(self._head.get("usage"), counted)
        for name in ("id", "model", "prompt_token_ids", "_hidden_params"):
            if chunk.get(name):
                self._head[name] = chunk[name]
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not self.finished and (error := error_in(chunk)) is not None:
            begun = bool(self._text or self._thoughts or self.calls.in_order())
            said = wire.complaint(error)
            raise wire.ReportedError("the stream broke off", said, error, has_begun=begun)
        if isinstance(choice, Mapping) and self._unreadable is None:
            self._choose(choice)
        if counted is not None:
            self._is_billed = self.finished or not choices

    def reply(self) -> Reply:
        """Returns the reply as if it had come in one piece.

        Raises:
            wire.UnreadableReply: a piece of it is not JSON, and no bill has come.
        """
        message = {
            **joined(self._added),
            "content": "".join(self._text),
            "tool_calls": [call.to_wire() for call in self.calls.in_order()],
        }
        choice = {
            "message": message,
            "finish_reason": "error" if self._unreadable else self._finish_reason,
            "token_ids": self._ids,
            "logprobs": {"content": self._logprobs},
        }
        reply = wire.reply(
            {**self._head, "choices": [choice]}, self.tokenizer, self.server,
            most_output=self.most_output, stated=self.stated,
        )  # fmt: skip
        if self._unreadable is not None and reply.usage is None:
            raise self._unreadable
        thoughts = together(reply.reasoning, "".join(self._thoughts))
        return replace(reply, reasoning=thoughts) if self._thoughts else reply

    def salvaged(self) -> Reply | None:
        """Returns what has come of a stream that broke off: None if its bill is not known."""
        if self.finished:
            return self.reply()
        reply = self.reply() if self._is_billed else None
        return (
            None if reply is None or reply.usage is None else replace(reply, finish_reason="error")
        )

    def left(self) -> Reply | None:
        """Returns what has come of a stream that was given up: its text and its whole calls; None
        where that is nothing."""
        whole = [call.to_wire() for call in self.calls.complete()]
        message = {**joined(self._added), "content": "".join(self._text), "tool_calls": whole}
        choice = {"message": message, "finish_reason": "tool_calls" if whole else "timeout"}
        head = {name: value for name, value in self._head.items() if name != "usage"}
        try:
            reply = wire.reply({**head, "choices": [choice]}, None, self.server)
        except wire.UnreadableReply:
            return None
        said = reply.message
        return reply if said.content.strip() or said.tool_calls else None

    @property
    def most_written(self) -> int:
        """Tokens that can have been written at most by now. Each has a byte, and JSON has more; the
        last ones may still be on the way."""
        calls = [call.to_wire() for call in self.calls.in_order()]
        return len(json.dumps([self._text, self._thoughts, calls, self._added])) + _ON_THE_WAY

    @property
    def begins_in_thought(self) -> bool:
        """Whether the content began within a thought, as it showed only later."""
        return begins_within("".join(self._text))

    def _choose(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta")
        if not isinstance(delta, Mapping) and not self._text and not self.calls.in_order():
            delta = choice.get("message")
        if isinstance(delta, Mapping):
            if piece := wire.text(delta):
                self._text.append(piece)
                if self.spoken is not None:
                    self.spoken.add(piece)
            if isinstance(delta.get("content"), list):
                self._thoughts.append(told({"content": delta["content"]}))
            gather(self._added, delta, MESSAGE_FIELDS)
            parts = delta.get("tool_calls")
            if isinstance(legacy := delta.get("function_call"), Mapping):
                parts = [{"index": 0, "function": legacy}]
            if parts:
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
