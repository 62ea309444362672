"""Puts a streamed Gemini reply together: each event is a response with the parts that are new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ...journal.records import Reply, ToolCall
from ..endpoint.wire import UnreadableReply, complaint, loads
from ..sdk_calls import ErrorInBody
from . import errors, wire

_PLAIN = ({"text"}, {"text", "thought"})


class StreamedResponse:
    """A reply that is being streamed.

    Args:
        on_text: is called with each piece of text.
        on_call: is called with the place and each tool call; they come whole.
    """

    def __init__(
        self,
        on_text: Callable[[str], None] | None = None,
        on_call: Callable[[int, ToolCall], None] | None = None,
    ) -> None:
        self._on_text = on_text
        self._on_call = on_call
        self._head: dict[str, Any] = {}
        self._parts: list[dict[str, Any]] = []
        self._calls = 0
        self._reason: object = None

    @property
    def finished(self) -> bool:
        """Whether the server said why the reply ended, or why there is none."""
        return bool(self._reason) or "promptFeedback" in self._head

    @property
    def done(self) -> bool:
        """False: the end of the stream is that of the connection."""
        return False

    def add(self, data: bytes) -> None:
        """Takes the data of one event.

        Raises:
            UnreadableReply: it makes no sense, or reports an error in mid-stream.
            ErrorInBody: it reports an error in place of a reply.
        """
        self.take(loads(data))

    def take(self, data: object) -> None:
        """Takes a parsed response, as `add` does."""
        if not isinstance(data, Mapping):
            raise UnreadableReply("a piece of the reply is not a JSON object")
        if data.get("error"):
            status = errors.status_of(data)
            if status is not None and not (self._parts or self._head):
                raise ErrorInBody(status, orjson.dumps(data))
            raise UnreadableReply("the reply broke off", complaint(data))
        for name in ("modelVersion", "responseId", "promptFeedback"):
            if data.get(name):
                self._head[name] = data[name]
        if wire.usage(data.get("usageMetadata")) is not None:  # what follows counts all so far
            self._head["usageMetadata"] = data["usageMetadata"]
        candidate = wire.first_candidate(data)
        for part in wire.parts_of(candidate):
            self._take(part)
        if candidate is not None and candidate.get("finishReason"):
            self._reason = candidate["finishReason"]

    def reply(self) -> Reply:
        """Returns the reply as if it had come in one piece."""
        data = dict(self._head)
        if self._parts or self._reason:
            content = {"role": "model", "parts": self._parts}
            data["candidates"] = [{"content": content, "finishReason": self._reason}]
        return wire.reply(data)

    def _take(self, part: dict[str, Any]) -> None:
        last = self._parts[-1] if self._parts else {}
        is_more = set(part) in _PLAIN and set(part) == set(last)
        if is_more and isinstance(part["text"], str) and isinstance(last["text"], str):
            last["text"] += part["text"]
        else:
            self._parts.append(dict(part))
        text = part.get("text")
        if self._on_text is not None and isinstance(text, str) and text and not part.get("thought"):
            self._on_text(text)
        id = self._head.get("responseId")
        place = len(self._parts) - 1
        call = wire.call_of(part, id if isinstance(id, str) else "", place)
        if call is not None and self._on_call is not None:
            self._on_call(self._calls, call)
        self._calls += call is not None


def decode(raw: bytes) -> Reply:
    """Returns the reply in a whole body: one response, or the list of those of a stream.

    Raises:
        UnreadableReply: it makes no sense.
        ErrorInBody: it is an error.
    """
    data = loads(raw)
    whole = StreamedResponse()
    for response in data if isinstance(data, list) else [data]:
        whole.take(response)
    return whole.reply()
