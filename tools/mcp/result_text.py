"""From what an MCP tool sends back to text that a policy can read."""

from __future__ import annotations

from typing import Any

from mcp_types import CallToolResult

from ...ledger.errors import ToolError


def shown(result: CallToolResult) -> Any:
    """Returns the result as text; what is no text becomes a note.

    Raises:
        ToolError: the tool itself says that it failed.
    """
    text = "\n".join(_block(block) for block in result.content)
    if not text.strip() and result.structured_content is not None:
        return result.structured_content
    if result.is_error:
        raise ToolError(text or "the tool failed and does not say why")
    return text


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
