"""A tool whose secrets stay with it: they reach neither prompt, nor journal, nor log."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ...ledger.errors import ToolError, UsageError
from ...ledger.records import Observation, ToolCall
from ..context import ToolContext
from ..protocol import Tool, Wrapper
from ..rendering import render
from ..tool import FunctionTool

MARK = "[redacted]"
SHORTEST = 4
"""Shorter secrets would blot out ordinary text."""


class _Redacted(Wrapper):
    def __init__(self, inner: Tool, clean: Callable[[str], str]) -> None:
        super().__init__(_at_the_source(inner, clean))
        self._clean = clean

    def fault(self, arguments: str) -> str | None:
        fault = self.inner.fault(arguments)
        return None if fault is None else self._clean(fault)

    async def admit(self, call: ToolCall, context: ToolContext) -> str | None:
        denied = await self.inner.admit(call, context)
        return None if denied is None else self._clean(denied)

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        found = await self.inner.run(call, context)
        return replace(found, text=self._clean(found.text))


def _at_the_source(tool: Tool, clean: Callable[[str], str]) -> Tool:
    """Returns a function's tool that is clean before its output is cut, kept or logged."""
    if not isinstance(tool, FunctionTool):
        return tool
    function = tool.function
    inside: Callable[..., Any]
    if tool.signature.is_async:

        async def inside(*args: Any, **options: Any) -> str:
            try:
                return clean(render(await function(*args, **options)))
            except Exception as error:
                raise ToolError(clean(str(error) or type(error).__name__)) from None

    else:

        def inside(*args: Any, **options: Any) -> str:
            try:
                return clean(render(function(*args, **options)))
            except Exception as error:
                raise ToolError(clean(str(error) or type(error).__name__)) from None

    return replace(tool, function=inside)


def redacted(tool: Tool, secrets: Iterable[str]) -> Tool:
    """Returns the tool with the secrets blotted out of all that it says.

    Also in their hexadecimal, base64, URL-encoded and JSON-escaped forms; in error texts too.

    Raises:
        UsageError: a secret is too short to be told from ordinary text.
    """
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) < SHORTEST:
            raise UsageError(f"a secret of fewer than {SHORTEST} characters cannot be redacted")
        raw = secret.encode()
        forms |= {secret, json.dumps(secret)[1:-1], raw.hex()}
        forms |= {urllib.parse.quote(secret), urllib.parse.quote(secret, safe="")}
        forms |= {urllib.parse.quote_plus(secret), *_base64_forms(raw)}
    longest_first = sorted((form for form in forms if len(form) >= SHORTEST), key=len, reverse=True)

    def clean(text: str) -> str:
        for form in longest_first:
            text = text.replace(form, MARK)
        return text

    return _Redacted(tool, clean)


def _base64_forms(raw: bytes) -> Iterable[str]:
    """The base64 text of a secret differs by where in a larger text it begins."""
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * shift + raw).decode().rstrip("=")
            begin = (0, 2, 3)[shift]
            spare = (len(raw) + shift) % 3
            yield text[begin : len(text) - (1 if spare else 0)]
