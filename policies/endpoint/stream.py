"""Puts a streamed reply together from server-sent events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from ...journal.records import Reply, ToolCall
from . import wire
from .provider_data import CALL_FIELDS, MESSAGE_FIELDS, gather, joined


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
        on_text: is called with each piece of text.
        on_call: is called with the place and each tool call whose arguments are complete.
        finished: the server said that the reply is complete; only its bill may still come.
        done: the server said that nothing more comes.
        tokenizer: whose token ids are in it; None leaves tokens out.
        server: whose reply it is, as for `wire.decode`.
    """

    on_text: Callable[[str], None] | None = None
    on_call: Callable[[int, ToolCall], None] | None = None
    finished: bool = False
    done: bool = False
    tokenizer: str | None = None
    server: str = ""
    _text: list[str] = field(default_factory=list)
    _calls: dict[int, dict[str, str]] = field(default_factory=dict)
    _added: dict[str, list[Any]] = field(default_factory=dict)
    _added_to: dict[int, dict[str, list[Any]]] = field(default_factory=dict)
    _head: dict[str, Any] = field(default_factory=dict)
    _ids: list[int] = field(default_factory=list)
    _logprobs: list[Any] = field(default_factory=list)
    _finish_reason: str | None = None
    _told: int = 0

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
            raise wire.UnreadableReply("the stream broke off", wire.complaint(chunk))
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
            "tool_calls": [self._call(index) for index in sorted(self._calls)],
        }
        choice = {
            "message": message,
            "finish_reason": self._finish_reason,
            "token_ids": self._ids,
            "logprobs": {"content": self._logprobs},
        }
        return wire.reply({**self._head, "choices": [choice]}, self.tokenizer, self.server)

    def _call(self, index: int) -> dict[str, Any]:
        call = self._calls[index]
        return {**joined(self._added_to.get(index, {})), "id": call["id"], "function": call}

    def _choose(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta")
        if isinstance(delta, Mapping):
            if piece := wire.text(delta):
                self._text.append(piece)
                if self.on_text:
                    self.on_text(piece)
            gather(self._added, delta, MESSAGE_FIELDS)
            for position, part in enumerate(delta.get("tool_calls") or ()):
                if isinstance(part, Mapping):
                    self._extend_call(position, part)
        if self.tokenizer is not None:
            self._add_tokens(choice)
        if isinstance(reason := choice.get("finish_reason"), str):
            self._finish_reason = reason
            self.finished = True
            self._tell(len(self._calls))

    def _add_tokens(self, choice: Mapping[str, Any]) -> None:
        ids, told = choice.get("token_ids"), choice.get("logprobs")
        content = told.get("content") if isinstance(told, Mapping) else None
        self._ids += ids if isinstance(ids, list) else []
        self._logprobs += content if isinstance(content, list) else []

    def _extend_call(self, position: int, part: Mapping[str, Any]) -> None:
        index = part.get("index")
        if index not in self._calls:
            self._tell(len(self._calls))  # the next call begins, so those before it are complete
        place = index if isinstance(index, int) else position
        call = self._calls.setdefault(place, {"id": "", "name": "", "arguments": ""})
        gather(self._added_to.setdefault(place, {}), part, CALL_FIELDS)
        function = part.get("function")
        if isinstance(part.get("id"), str) and not call["id"]:
            call["id"] = part["id"]
        if isinstance(function, Mapping):
            for name in ("name", "arguments"):
                if isinstance(function.get(name), str):
                    call[name] += function[name]
            if self.on_call is not None and _is_object(call["arguments"]):
                self._tell(len(self._calls))

    def _tell(self, complete: int) -> None:
        """Reports the calls that are complete, as long as they come in order."""
        if self.on_call is None or list(self._calls) != list(range(len(self._calls))):
            return
        for place in range(self._told, complete):
            call = self._calls[place]
            self.on_call(place, ToolCall(call["id"], call["name"], call["arguments"] or "{}"))
        self._told = max(self._told, complete)


def _is_object(text: str) -> bool:
    """Says whether a text is a whole JSON object."""
    if not text.endswith("}"):
        return False
    try:
        return isinstance(orjson.loads(text), dict)
    except ValueError:
        return False
