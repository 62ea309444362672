"""Puts a streamed reply of OpenAI's Responses API together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...journal.records import Reply, ToolCall
from ..endpoint import wire
from . import replies

_TEXTS = ("response.output_text.delta", "response.refusal.delta")
_ENDS = ("response.completed", "response.incomplete")


@dataclass
class ResponseStream:
    """A response that is being streamed.

    Attributes:
        server: whose reply it is.
        on_text: is called with each piece of text; reasoning is none.
        on_call: is called with the place and each tool call whose arguments are complete.
    """

    server: str = ""
    on_text: Callable[[str], None] | None = None
    on_call: Callable[[int, ToolCall], None] | None = None
    done: bool = False
    _begun: bool = False
    _open: set[int] = field(default_factory=set)
    _items: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    _told: set[int] = field(default_factory=set)
    _response: Mapping[str, Any] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the whole response has come, and the bill with it."""
        return self.done

    def add(self, data: bytes) -> None:
        """Takes the data of one event.

        Raises:
            wire.UnreadableReply: it is no event, or reports an error in mid-stream.
            ErrorInBody: it reports an error before the reply began.
        """
        if data.strip() == b"[DONE]":
            return
        event = wire.loads(data)
        if not isinstance(event, Mapping):
            raise wire.UnreadableReply("a piece of the stream is not a JSON object")
        kind = event.get("type")
        if kind in _TEXTS:
            self._say(event.get("delta"))
        elif kind == "response.output_item.added" and isinstance(event.get("output_index"), int):
            self._begun = True
            self._open.add(event["output_index"])
        elif kind == "response.output_item.done":
            self._close(event)
        elif kind in _ENDS:
            self._end(event.get("response"))
        elif kind == "response.failed":
            response = event.get("response")
            self._fail(response.get("error") if isinstance(response, Mapping) else None)
        elif kind == "error":
            self._fail(event.get("error") or event)

    def reply(self) -> Reply:
        """Returns the reply as if it had come in one piece."""
        return replies.reply(self._response, self.server)

    def _say(self, piece: object) -> None:
        self._begun = True
        if isinstance(piece, str) and piece and self.on_text is not None:
            self.on_text(piece)

    def _close(self, event: Mapping[str, Any]) -> None:
        item, index = event.get("item"), event.get("output_index")
        if not isinstance(item, Mapping):
            return
        place = index if isinstance(index, int) else len(self._items)
        self._begun = True
        self._open.discard(place)
        self._items[place] = item
        self._tell()

    def _tell(self) -> None:
        """Reports the calls before which nothing is open any more."""
        if self.on_call is None:
            return
        before = min(self._open, default=len(self._items) + 1)
        for place in sorted(self._items):
            item = self._items[place]
            if place >= before or place in self._told or item.get("type") != "function_call":
                continue
            self.on_call(len(self._told), replies.call(item))
            self._told.add(place)

    def _end(self, response: object) -> None:
        if not isinstance(response, Mapping):
            raise wire.UnreadableReply("the stream ends without its response")
        collected = [self._items[place] for place in sorted(self._items)]
        output = response.get("output")
        whole = output if isinstance(output, list) and len(output) >= len(collected) else collected
        self._response = {**response, "output": whole}
        self.done = True

    def _fail(self, error: object) -> None:
        if not self._begun:
            raise replies.in_body(error if isinstance(error, Mapping) else {})
        raise wire.UnreadableReply("the stream broke off", wire.complaint(error))
