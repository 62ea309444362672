"""From whatever a tool returns to text that a policy can read and a journal can hold."""

from __future__ import annotations

import inspect
from decimal import Decimal
from typing import Any

from pydantic_core import to_json

from ..ledger.errors import ToolError
from .outputs import Outputs

NOTE_ROOM = 160
"""Characters kept free for the note in a text that is cut."""


def render(value: Any) -> str:
    """Returns the value as clean text: strings as they are, numbers plainly, the rest as JSON.

    Raises:
        ToolError: the value has no text form.
    """
    if inspect.iscoroutine(value):
        value.close()
        raise ToolError("the tool returned a coroutine: it must be declared with `async def`")
    try:
        return clean(_text(value))
    except Exception as exc:
        kind = type(value).__name__
        raise ToolError(f"the tool returned a {kind} that cannot be shown as text") from exc


def _text(value: Any) -> str:
    if value is None:
        return "(no result)"
    if isinstance(value, str):
        return str.__str__(value) or "(empty)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return to_json(value, inf_nan_mode="constants").decode()


def clean(text: str) -> str:
    """Returns text that UTF-8 can encode and that holds no NUL."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\N{SYMBOL FOR NULL}")


def cut(text: str, max_chars: int, outputs: Outputs) -> tuple[str, str | None]:
    """Returns at most `max_chars` characters of the text, and the ref of the whole where it is cut.

    Beginning and end are kept; a note between them says how to read on.
    """
    if len(text) <= max_chars:
        return text, None
    tail = (max_chars - NOTE_ROOM) // 4
    head = max_chars - NOTE_ROOM - tail
    left_out = len(text) - head - tail
    ref, way = _keep(text, head, outputs)
    note = f"\n[… {left_out:,} characters left out; {way} …]\n"
    return text[:head] + note + text[len(text) - tail :], ref


def _keep(text: str, head: int, outputs: Outputs) -> tuple[str | None, str]:
    try:
        ref = outputs.put(text)
    except OSError as exc:
        return None, f"they could not be kept ({(exc.strerror or 'disk error')[:60]})"
    return ref, f'read on with recall(ref="{ref}", start={head})'
