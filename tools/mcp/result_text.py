"""From what an MCP tool sends back to text that a policy can read."""

from __future__ import annotations

import json
from typing import Any

from mcp_types import CallToolResult

from ...ledger.errors import ToolError


def shown(result: CallToolResult) -> Any:
    """Returns the result as text; what is no text becomes a note.

    What is structured goes after the text, unless the text says the same.

    Raises:
        ToolError: the tool itself says that it failed.
    """
    text = "\n".join(_block(block) for block in result.content)
    structured = result.structured_content
    has_text = bool(text.strip())
    if structured is not None and not result.is_error and not has_text:
        return structured
    if structured is not None and not _says(text, structured):
        text = f"{text}\n{_json(structured)}" if has_text else _json(structured)
    if result.is_error:
        raise ToolError(text or "the tool failed and does not say why")
    return text


def _says(text: str, structured: Any) -> bool:
    """Says whether a text is the same as a structured part: servers are told to send both."""
    values = list(structured.values()) if isinstance(structured, dict) else []
    if len(values) == 1 and text == str(values[0]):
        return True
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return bool(read == structured or structured == {"result": read})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _block(block: Any) -> str:
    if block.type == "text":
        return str(block.text)
    if block.type in ("image", "audio"):
        return f"[{block.type}, {block.mime_type}, {_size(block.data)}: not shown]"
    if block.type == "resource_link":
        return f"[resource {block.name}: {block.uri}]"
    return _resource(block.resource)


def _resource(resource: Any) -> str:
    text = getattr(resource, "text", None)
    if isinstance(text, str):
        return f"[resource {resource.uri}]\n{text}"
    kind = getattr(resource, "mime_type", None) or "unknown kind"
    return f"[resource {resource.uri}, {kind}, {_size(getattr(resource, 'blob', ''))}: not shown]"


def _size(base64: str) -> str:
    return f"{len(base64) * 3 // 4:,} bytes"
