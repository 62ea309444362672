"""LangChain tools as tools of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from ...ledger.errors import ToolError, UsageError
from ..context import ToolContext
from ..functions.tool import TIMEOUT, FunctionTool, Price
from .naming import sanitised
from .schema_tool import Call, foreign_tool

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
        UsageError: it is no LangChain tool, its arguments have no JSON schema, or no call of it
            could succeed.
    """
    from langchain_core.tools import BaseTool

    if not isinstance(tool, BaseTool):
        raise UsageError(f"{type(tool).__name__} is no LangChain tool: give a BaseTool")
    called = name or sanitised(tool.name)
    model = _model(tool, called)
    needs_id = _needs_call_id(tool, model, called)
    return foreign_tool(
        called, tool.description or called, _parameters(model, called), _call(tool, needs_id),
        price=price, read_only=read_only, timeout=timeout, checker=_checker(model, called),
    )  # fmt: skip


def _model(tool: BaseTool, called: str) -> Any:
    """Returns the schema of what a policy writes: a pydantic model or a JSON schema."""
    from langchain_core.tools import Tool as SimpleTool

    if not isinstance(tool, SimpleTool):
        return tool.tool_call_schema
    if tool.args_schema is None:  # its model would be that of `_run`, which takes anything
        fields: dict[str, Any] = dict.fromkeys(tool.args, (str, ...))
        return create_model(called, __config__=ConfigDict(extra="forbid"), **fields)
    if len(tool.args) != 1:
        raise UsageError(
            f"LangChain tool {called!r} can be called with one argument only, and its schema has "
            f"{len(tool.args)}: make it a StructuredTool"
        )
    return tool.tool_call_schema


def _needs_call_id(tool: BaseTool, model: Any, called: str) -> bool:
    """Returns True if a call has to carry its id.

    Raises:
        UsageError: it needs something else that only LangGraph injects.
    """
    from langchain_core.tools import InjectedToolCallId

    full: Any = tool.get_input_schema()
    if isinstance(tool.args_schema, Mapping) or not (_is_model(model) and _is_model(full)):
        return False
    injected = {
        name: field
        for name, field in full.model_fields.items()
        if name not in model.model_fields and tool.args_schema is not None
    }
    ids = {
        name
        for name, field in injected.items()
        if any(
            mark is InjectedToolCallId or isinstance(mark, InjectedToolCallId)
            for mark in field.metadata
        )
    }
    others = [name for name, field in injected.items() if name not in ids and field.is_required()]
    if others:
        raise UsageError(
            f"LangChain tool {called!r} needs {others[0]!r} injected, which only LangGraph does: "
            "bind it, or give it a default"
        )
    return bool(ids)


def _is_model(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _parameters(model: Any, tool: str) -> dict[str, Any]:
    try:
        if isinstance(model, Mapping):
            schema = dict(model)
        else:  # pydantic 1 has another name for it
            schema = model.model_json_schema() if _is_model(model) else model.schema()
    except Exception as exc:
        raise UsageError(f"the arguments of LangChain tool {tool!r} have no schema: {exc}") from exc
    schema.pop("title", None)
    schema.pop("description", None)
    return {"type": "object", "properties": {}, **schema}


def _checker(model: Any, tool: str) -> Callable[[Mapping[str, Any]], str | None] | None:
    if not _is_model(model):
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


def _call(tool: BaseTool, needs_id: bool) -> Call:
    def given(arguments: dict[str, Any], context: ToolContext) -> Any:
        if not needs_id:
            return arguments
        return {"type": "tool_call", "name": tool.name, "args": arguments, "id": context.call_id}

    def in_thread(arguments: dict[str, Any], context: ToolContext) -> Any:
        return _shown(tool.invoke(given(arguments, context)))

    async def on_loop(arguments: dict[str, Any], context: ToolContext) -> Any:
        return _shown(await tool.ainvoke(given(arguments, context)))

    return on_loop if _is_async(tool) else in_thread


def _is_async(tool: BaseTool) -> bool:
    """True if the tool has a coroutine of its own; LangChain's stand-in hangs at exit."""
    from langchain_core.tools import BaseTool, StructuredTool
    from langchain_core.tools import Tool as SimpleTool

    if isinstance(tool, StructuredTool | SimpleTool):
        return tool.coroutine is not None
    return type(tool)._arun is not BaseTool._arun


def _shown(value: Any) -> Any:
    """Returns content blocks as text, with notes for what is none; anything else as it is.

    Raises:
        ToolError: it is a message about an error.
    """
    from langchain_core.messages import ToolMessage

    if isinstance(value, ToolMessage):
        if value.status == "error":
            raise ToolError(str(value.content))
        return _shown(value.content)
    if not (isinstance(value, list) and value and all(isinstance(each, dict) for each in value)):
        return value
    if not all("type" in each for each in value):
        return value
    return "\n".join(
        str(each.get("text", "")) if each["type"] == "text" else f"[{each['type']}: not shown]"
        for each in value
    )
