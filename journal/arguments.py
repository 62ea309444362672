"""The arguments of a tool call: from the text that a policy wrote to values, and back.

Everybody who looks into arguments does it here, so that what one takes for JSON no other chokes on:
RFC 8259, without `NaN` and `Infinity`; blank is `{}`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

DEEPEST = 200
"""Levels of lists and objects in each other; orjson writes no more than 254."""

_LONG_NUMBER = re.compile(r"\d{17}")


class MalformedArguments(ValueError):
    """They are no JSON object. The text says in what way, as the end of a sentence."""


def read_arguments(text: str) -> dict[str, Any]:
    """Returns the arguments by name.

    Raises:
        MalformedArguments: they are no JSON object, or one that nobody could write again.
    """
    found = _parsed(text)
    if not _LONG_NUMBER.search(text):
        return found
    exact: dict[str, Any] = json.loads(text)  # orjson makes floats of integers beyond 64 bits
    return exact


def _parsed(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedArguments(f"are not valid JSON ({str(error)[:100]})") from None
    if not isinstance(found, dict):
        raise MalformedArguments("must be a JSON object")
    if text.count("[") + text.count("{") > DEEPEST and _is_deep(found):
        raise MalformedArguments(f"are nested more than {DEEPEST} deep")
    return found


def arguments_or(text: str, field: str) -> dict[str, Any]:
    """Returns the arguments by name; those that are malformed as the text of one `field`.

    For formats that have room for an object only.
    """
    try:
        return _parsed(text)
    except MalformedArguments:
        return {field: text}


def written(value: Any) -> str:
    """Returns a JSON value that a policy's server has parsed as text again."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # too deep or too large for it, not for `read_arguments` to say so
        pass
    try:
        return (
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()
        )
    except (TypeError, ValueError, RecursionError):
        return '"cannot be written as JSON"'


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            part
            for each in level
            for part in (each.values() if isinstance(each, dict) else each)
            if isinstance(part, dict | list)
        ]
        if not level:
            return False
    return True
