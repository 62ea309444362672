"""Functions of tools that say nothing of a secret: cleaned before output is cut, kept or logged."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace
from typing import Any

from ...journal.secrets import Clean
from ...ledger.errors import ToolError
from ..functions.pending import finished, is_pending
from ..functions.rendering import render
from ..functions.tool import FunctionTool
from ..protocol import Tool, Wrapper


def clean_at_the_source(tool: Tool, clean: Clean) -> Tool:
    """Returns a tool whose function is clean before its output is cut, kept or logged."""
    if isinstance(tool, FunctionTool):
        return _clean_function(tool, clean)
    if isinstance(tool, Wrapper):
        outer = copy.copy(tool)  # shares what the wrapper counts
        outer.inner = clean_at_the_source(tool.inner, clean)
        return outer
    return tool


def _clean_function(tool: FunctionTool, clean: Clean) -> FunctionTool:
    function = tool.function

    async def inside_later(pending: Any) -> str:
        try:
            return clean(render(await finished(pending)))
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise
        except BaseException as error:
            raise cleaned_error(error, clean) from None

    def inside(*args: Any, **options: Any) -> Any:
        try:
            value = function(*args, **options)
            return inside_later(value) if is_pending(value) else clean(render(value))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise cleaned_error(error, clean) from None

    return replace(tool, function=inside)


def cleaned_error(error: BaseException, clean: Clean) -> ToolError:
    """Returns an error that says the same without secrets."""
    kind = type(error).__name__
    said = str(error) if isinstance(error, Exception) else f"the tool raised {kind}"
    return ToolError(clean(said or kind))
