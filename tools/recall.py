"""`recall`: reads on in an output that was too long to be shown."""

from __future__ import annotations

from decimal import Decimal

from .context import ToolContext
from .paging import page
from .tool import tool


@tool(price=Decimal(0), read_only=True)
def recall(ref: str, context: ToolContext, start: int = 0) -> str:
    """Reads on in the output of an earlier tool call that was cut.

    Args:
        ref: the ref given in the note where the output was cut.
        start: the first character to read.
    """
    return page(context.outputs.get(ref, length=None), start, f'recall(ref="{ref}"')
