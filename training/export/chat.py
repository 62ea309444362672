"""Messages and single replies in the forms that training libraries read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from ...journal.records import Message, ToolSpec
from ...policies.endpoint.wire import chat_message, chat_tool
from ..data.rows import TrainingRow


def chat(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Returns messages as chat templates take them: arguments are objects, not JSON text.

    Arguments that are no object stay text: what the policy wrote is not mended.
    """
    return [_chat(message) for message in messages]


def tools_text(tools: Iterable[ToolSpec]) -> str:
    """Returns tool schemas as one JSON text: their properties differ, so they fit no column."""
    return orjson.dumps([chat_tool(tool) for tool in tools]).decode()


def said(row: TrainingRow) -> Iterator[tuple[tuple[Message, ...], Message]]:
    """Yields each reply that trains in a row, after what it answers."""
    for place in row.trained:
        yield row.messages[:place], row.messages[place]


def _chat(message: Message) -> dict[str, Any]:
    data = chat_message(message)
    for call in data.get("tool_calls", ()):
        function = call["function"]
        try:
            arguments = orjson.loads(function["arguments"])
        except orjson.JSONDecodeError:
            continue
        if isinstance(arguments, dict):
            function["arguments"] = arguments
    return data
