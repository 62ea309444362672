"""LangChain tools as tools of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from ...ledger.errors import UsageError
from ..context import ToolContext
from ..functions.tool import TIMEOUT, FunctionTool, Price
from .naming import sanitised
from .schema_tool import foreign_tool

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_SHOWN_ERRORS = 3


def from_langchain(
    tool: BaseTool,
    *,
    price: Price | None = None,
    read_only: bool = False,
    timeout: float = TIMEOUT,
    name: str | None = None,
) -> FunctionTool:
    """Makes a tool of a LangChain tool; sync ones run in a thread.

    Args:
        tool: any `BaseTool`, such as one made by LangChain's own `@tool`.
        price: USD per call, or a function from the arguments, by keyword, to USD.
        read_only: True if calling it twice does no harm.
        timeout: seconds until a call is given up.
        name: what the policy calls it; None takes the tool's own name.

    Raises:
        UsageError: it is no LangChain tool, or its arguments have no JSON schema.
    """
    from langchain_core.tools import BaseTool

    if not isinstance(tool, BaseTool):
        raise UsageError(f"{type(tool).__name__} is no LangChain tool: give a BaseTool")
    called = name or sanitised(tool.name)
    model = tool.tool_call_schema
    return foreign_tool(
        called, tool.description or called, _parameters(model, called), _call(tool),
        price=price, read_only=read_only, timeout=timeout, checker=_checker(model, called),
    )  # fmt: skip


def _parameters(model: Any, tool: str) -> dict[str, Any]:
    try:
        schema = dict(model) if isinstance(model, Mapping) else model.model_json_schema()
    except Exception as exc:
        raise UsageError(f"the arguments of LangChain tool {tool!r} have no schema: {exc}") from exc
    schema.pop("title", None)
    schema.pop("description", None)
    return {"type": "object", "properties": {}, **schema}


def _checker(model: Any, tool: str) -> Callable[[Mapping[str, Any]], str | None] | None:
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return None  # LangChain checks by itself where it can

    def check(arguments: Mapping[str, Any]) -> str | None:
        try:
            model.model_validate(dict(arguments))
        except ValidationError as exc:
            errors = exc.errors(include_url=False, include_context=False, include_input=False)
            parts = [
                f"{'.'.join(map(str, error['loc']))!r}: {error['msg']}"
                for error in errors[:_SHOWN_ERRORS]
            ]
            return f"wrong arguments for {tool}: {'; '.join(parts)}"
        return None

    return check


def _call(tool: BaseTool) -> Callable[[dict[str, Any], ToolContext], Any]:
    def in_thread(arguments: dict[str, Any], context: ToolContext) -> Any:
        return _shown(tool.invoke(arguments))

    async def on_loop(arguments: dict[str, Any], context: ToolContext) -> Any:
        return _shown(await tool.ainvoke(arguments))

    return on_loop if _is_async(tool) else in_thread


def _is_async(tool: BaseTool) -> bool:
    """True if the tool has a coroutine of its own; LangChain's stand-in hangs at exit."""
    from langchain_core.tools import BaseTool, StructuredTool
    from langchain_core.tools import Tool as SimpleTool

    if isinstance(tool, StructuredTool | SimpleTool):
        return tool.coroutine is not None
    return type(tool)._arun is not BaseTool._arun


def _shown(value: Any) -> Any:
    """Returns content blocks as text, with notes for what is none; anything else as it is."""
    if not (isinstance(value, list) and value and all(isinstance(each, dict) for each in value)):
        return value
    if not all("type" in each for each in value):
        return value
    return "\n".join(
        str(each.get("text", "")) if each["type"] == "text" else f"[{each['type']}: not shown]"
        for each in value
    )
