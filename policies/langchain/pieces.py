"""A streamed LangChain reply: what is told while it comes, and the whole at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from ...journal.records import ToolCall

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, AIMessageChunk

_ENDS = ("finish_reason", "stop_reason", "stopReason", "done_reason", "status")


class StreamedPieces:
    """Gathers the pieces of one reply and tells of its text and calls as they come.

    Args:
        on_text: is called with each piece of text.
        on_call: is called with the place and each call that is complete.
    """

    def __init__(
        self,
        on_text: Callable[[str], None] | None,
        on_call: Callable[[int, ToolCall], None] | None,
    ) -> None:
        self.metadata: dict[str, Any] = {}
        self._on_text = on_text
        self._on_call = on_call
        self._pieces: list[AIMessageChunk] = []
        self._calls: dict[object, dict[str, str]] = {}
        self._told = 0

    def add(self, piece: AIMessageChunk) -> None:
        """Takes the next piece."""
        self._pieces.append(piece)
        self.metadata.update({k: v for k, v in piece.response_metadata.items() if v})
        if self._on_text is not None and (text := str(piece.text)):
            self._on_text(text)
        if self._on_call is not None:
            for part in piece.tool_call_chunks:
                self._extend(part)
            if self._ended:
                self._tell(len(self._calls))

    def billed(self) -> AIMessage | None:
        """Returns a reply that has ended and whose bill has come, whatever broke afterwards."""
        if self._ended and any(piece.usage_metadata for piece in self._pieces):
            return self.message()
        return None

    @property
    def text(self) -> str:
        """All text that has come."""
        return "".join(str(piece.text) for piece in self._pieces)

    def message(self) -> AIMessage:
        """Returns the reply as if it had come in one piece."""
        from langchain_core.messages.ai import add_ai_message_chunks

        first, *others = self._pieces
        return add_ai_message_chunks(first, *others)

    @property
    def _ended(self) -> bool:
        return any(self.metadata.get(name) for name in _ENDS)

    def _extend(self, part: Any) -> None:
        index = part.get("index")
        place = index if index is not None else part.get("id")
        if place not in self._calls:
            self._tell(len(self._calls))  # the next call begins, so those before it are complete
        call = self._calls.setdefault(place, {"id": "", "name": "", "args": ""})
        for name in ("id", "name"):
            call[name] = call[name] or part.get(name) or ""
        call["args"] += part.get("args") or ""

    def _tell(self, complete: int) -> None:
        calls = list(self._calls.values())
        while self._told < complete and self._on_call is not None:
            call = calls[self._told]
            if not (call["id"] and call["name"]) or not _is_object(call["args"]):
                return  # the reply as a whole says what it is
            self._on_call(self._told, ToolCall(call["id"], call["name"], call["args"] or "{}"))
            self._told += 1


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text or "{}"), dict)
    except orjson.JSONDecodeError:
        return False
