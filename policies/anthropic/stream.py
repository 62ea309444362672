"""Puts a streamed reply of Anthropic's Messages API together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...journal.arguments import arguments_or
from ...journal.records import Reply, ToolCall
from ..endpoint import wire
from ..sdk_calls import ErrorInBody
from . import replies
from .requests import UNREADABLE

_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
"""By the type of a delta: the field of the block that it continues, under the same name."""


@dataclass
class MessageStream:
    """A message that is being streamed.

    Attributes:
        server: whose reply it is.
        on_text: is called with each piece of text; thinking is none.
        on_call: is called with the place and each tool call whose arguments are complete.
        finished: the reason of the end has come, and the bill with it.
    """

    server: str = ""
    on_text: Callable[[str], None] | None = None
    on_call: Callable[[int, ToolCall], None] | None = None
    finished: bool = False
    done: bool = False
    _head: dict[str, Any] = field(default_factory=dict)
    _blocks: dict[int, dict[str, Any]] = field(default_factory=dict)
    _written: dict[int, list[str]] = field(default_factory=dict)
    _usage: dict[str, Any] = field(default_factory=dict)
    _told: int = 0

    def add(self, data: bytes) -> None:
        """Takes the data of one event.

        Raises:
            wire.UnreadableReply: it is no event, or reports an error in mid-stream.
            ErrorInBody: it reports an error before the reply began.
        """
        event = wire.loads(data)
        if not isinstance(event, Mapping):
            raise wire.UnreadableReply("a piece of the stream is not a JSON object")
        match event.get("type"):
            case "message_start":
                self._start(event.get("message"))
            case "content_block_start":
                self._open(event)
            case "content_block_delta":
                self._extend(event)
            case "content_block_stop":
                self._close(event.get("index"))
            case "message_delta":
                self._end(event)
            case "message_stop":
                self.done = True
            case "error":
                self._fail(event, data)

    def reply(self) -> Reply:
        """Returns the reply as if it had come in one piece."""
        places = sorted(self._blocks)
        content = [self._blocks[place] for place in places]
        written = {
            at: "".join(self._written[place])
            for at, place in enumerate(places)
            if self._written.get(place)
        }
        data = {**self._head, "content": content, "usage": self._usage}
        return replies.reply(data, written, self.server)

    def _start(self, message: object) -> None:
        if isinstance(message, Mapping):
            self._head.update({name: message.get(name) for name in ("id", "model")})
            self._usage = replies.largest(self._usage, message.get("usage"))

    def _open(self, event: Mapping[str, Any]) -> None:
        block = event.get("content_block")
        if isinstance(block, Mapping):
            place = self._place(event.get("index"))
            self._blocks[place] = dict(block)
            if block.get("type") == "text" and isinstance(block.get("text"), str):
                self._say(block["text"])

    def _extend(self, event: Mapping[str, Any]) -> None:
        block = self._blocks.get(self._place(event.get("index")))
        delta = event.get("delta")
        if block is None or not isinstance(delta, Mapping):
            return
        kind = delta.get("type")
        if kind == "input_json_delta":
            piece = delta.get("partial_json")
            if isinstance(piece, str):
                self._written.setdefault(self._place(event.get("index")), []).append(piece)
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or ()), delta.get("citation")]
        elif (name := _TEXTS.get(str(kind))) and isinstance(delta.get(name), str):
            block[name] = (block.get(name) or "") + delta[name]
            if name == "text":
                self._say(delta[name])

    def _close(self, index: object) -> None:
        place = self._place(index)
        block = self._blocks.get(place)
        if block is None or block.get("type") != "tool_use":
            return
        written = "".join(self._written.get(place, ())) or None
        if written is not None:
            block["input"] = arguments_or(written, UNREADABLE)
        if self.on_call is not None:
            self.on_call(self._told, replies.call(block, written, self.server))
        self._told += 1

    def _end(self, event: Mapping[str, Any]) -> None:
        delta = event.get("delta")
        if isinstance(delta, Mapping) and isinstance(delta.get("stop_reason"), str):
            self._head["stop_reason"] = delta["stop_reason"]
            self.finished = True
        self._usage = replies.largest(self._usage, event.get("usage"))

    def _fail(self, event: Mapping[str, Any], data: bytes) -> None:
        if not self._head:
            raise ErrorInBody(replies.status_of(event), data)
        raise wire.UnreadableReply("the stream broke off", wire.complaint(event))

    def _say(self, piece: str) -> None:
        if piece and self.on_text is not None:
            self.on_text(piece)

    def _place(self, index: object) -> int:
        return index if isinstance(index, int) else len(self._blocks)
