"""From whatever a tool returns to text that a policy can read and a journal can hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json

from ...journal.notice_text import for_policy
from ...journal.notices import CutOutput
from ..outputs import Outputs
from .foreign_values import as_far_as_shown, as_plain, first_items

NOTE_ROOM = 160
"""Characters kept free for the note in a text that is cut."""


def render(value: Any) -> str:
    """Returns the value as clean text: strings as they are, numbers plainly, the rest as JSON.

    What JSON does not know is told as nearly as it can be; no value is refused.
    """
    try:
        return clean(_text(value))
    except Exception:
        told = as_far_as_shown(value)
        return clean(told if isinstance(told, str) else _json(told))


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
    if isinstance(value, Iterator):
        return _json(first_items(value))
    if isinstance(value, dict | list | tuple | set | frozenset | BaseModel) or is_dataclass(value):
        return _json(value)
    try:
        return to_json(value, inf_nan_mode="constants").decode()
    except PydanticSerializationError:
        plain = as_plain(value)
        return plain if isinstance(plain, str) else _json(plain)


def _json(value: Any) -> str:
    return to_json(value, inf_nan_mode="constants", fallback=as_plain).decode()


def clean(text: str) -> str:
    """Returns text that UTF-8 can encode and that holds no NUL."""
    return encodable(text).replace("\0", "\N{SYMBOL FOR NULL}")


def encodable(text: str) -> str:
    """Returns text that UTF-8 can encode: a lone surrogate becomes a replacement character."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def cut(text: str, max_chars: int, outputs: Outputs) -> tuple[str, str | None]:
    """Returns at most `max_chars` characters of the text, and the ref of the whole where it is cut.

    Beginning and end are kept; a note between them says how to read on.
    """
    shown, left_out = cut_output(text, max_chars, outputs)
    return shown, (left_out.ref or None) if left_out else None


def cut_output(text: str, max_chars: int, outputs: Outputs) -> tuple[str, CutOutput | None]:
    """Does what `cut` does, and returns what the note says."""
    if len(text) <= max_chars:
        return text, None
    tail = (max_chars - NOTE_ROOM) // 4
    head = max_chars - NOTE_ROOM - tail
    ref, why = _keep(text, outputs)
    left_out = CutOutput(left_out=len(text) - head - tail, start=head, ref=ref, why=why)
    note = f"\n{for_policy(left_out)}\n"
    return text[:head] + note + text[len(text) - tail :], left_out


def _keep(text: str, outputs: Outputs) -> tuple[str, str]:
    """Returns the ref of a text, or why it could not be kept."""
    try:
        return outputs.put(text), ""
    except OSError as exc:
        return "", (exc.strerror or "disk error")[:60]
