"""What a server sends, mended before the SDK judges it: one bad part must not cost the whole.

The SDK refuses a listing for one tool outside the rules, and a result for one part of a kind that
it does not know, though the call was made and paid. What a tool says of its own output is left out:
the SDK would throw a result away that does not keep to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import orjson
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCResponse
from mcp_types.methods import validate_server_result
from pydantic import ValidationError

LISTING, CALL = "tools/list", "tools/call"
_OF_CALLS = {"content", "structuredContent"}
VERSION = "2025-11-25"
"""Of the protocol, whose rules for tools and results the later ones only loosen."""


class LeftOutTools(dict[str, str]):
    """Why a tool that the server offers is not in its listing, by its name there."""

    @asynccontextmanager
    async def mending(self, transport: Any) -> AsyncIterator[tuple[Any, Any]]:
        """Opens a transport of the SDK of which results are mended, and tools left out noted."""
        async with transport as (incoming, outgoing), anyio.create_task_group() as tasks:
            mended, to_session = anyio.create_memory_object_stream[SessionMessage | Exception](0)

            async def pump() -> None:
                async with mended:
                    async for message in incoming:
                        await mended.send(self.mend(message))

            tasks.start_soon(pump)
            try:
                yield to_session, outgoing
            finally:
                tasks.cancel_scope.cancel()

    def mend(self, message: SessionMessage | Exception) -> SessionMessage | Exception:
        """Returns a message with what can be read of it."""
        if isinstance(message, Exception) or not isinstance(message.message, JSONRPCResponse):
            return message
        result = message.message.result
        if isinstance(result.get("tools"), list):
            result["tools"] = [tool for tool in result["tools"] if self._is_sound(tool)]
        elif result.keys() & _OF_CALLS and _fault(CALL, result):
            _mend_call(result)
        return message

    def _is_sound(self, tool: Any) -> bool:
        if isinstance(tool, dict):
            for unused in ("outputSchema", "icons", "annotations", "execution", "_meta"):
                tool.pop(unused, None)
            if isinstance(tool.get("inputSchema"), dict):
                tool["inputSchema"].setdefault("type", "object")
        why = _fault(LISTING, {"tools": [tool]})
        if why:
            name = tool.get("name") if isinstance(tool, dict) else None
            self[str(name or "a tool without a name")[:100]] = why
        return not why


def _fault(method: str, result: Mapping[str, Any]) -> str:
    """Says what is wrong with a result; "" where nothing is."""
    try:
        validate_server_result(method, VERSION, result)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"] if part not in ("tools", 0))
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    return ""


def _mend_call(result: dict[str, Any]) -> None:
    content = result.get("content")
    parts = content if isinstance(content, list) else [] if content is None else [content]
    if not isinstance(result.get("structuredContent", {}), dict):
        parts = [*parts, result.pop("structuredContent")]
    result["content"] = [_sound_part(part) for part in parts]
    result["isError"] = bool(result.get("isError"))
    result.pop("_meta", None)


def _sound_part(part: Any) -> Any:
    if not _fault(CALL, {"content": [part]}):
        return part
    text = part if isinstance(part, str) else orjson.dumps(part, default=str).decode()
    return {"type": "text", "text": text}
