"""A tool that asks only once: a call made before is answered from a folder, for free."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from ...journal.notice_text import told
from ...journal.notices import InvalidArguments
from ...journal.records import Observation, ToolCall
from ...ledger.errors import ToolError, UsageError
from ..context import ToolContext
from ..invocation import Invocation
from ..protocol import Tool, Wrapper
from .answer_folder import Answer, AnswerFolder

MOST = 256 * 1024 * 1024
"""Bytes that a folder holds, where nothing else is said."""

PROMISED = 1_000
"""Answers kept in memory between the price of 0 and the call that it was told for."""


class _Cached(Wrapper):
    def __init__(self, inner: Tool, answers: AnswerFolder) -> None:
        super().__init__(inner)
        self._answers = answers
        self._promised: dict[str, Answer] = {}

    @property
    def least_cost(self) -> Decimal | None:
        return None if self.inner.least_cost is None else Decimal(0)

    def cost(self, call: Invocation) -> Decimal | None:
        key = self._key(call)
        answer = self._answers.get(key) or self._promised.get(key)
        if answer is None:
            return self.inner.cost(call)
        self._promised[key] = answer  # whatever becomes of the file, this call is free
        while len(self._promised) > PROMISED:
            self._promised.pop(next(iter(self._promised)))
        return Decimal(0)

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        invocation = call if isinstance(call, Invocation) else self.read(call)
        if isinstance(invocation, InvalidArguments):
            return told(call, invocation)
        key = self._key(invocation)
        answer = self._promised.pop(key, None) or self._answers.get(key)
        if answer is None:
            found = await self.inner.run(invocation, context)
            if not found.error:  # a full disk costs the next call, not this one
                with contextlib.suppress(OSError, ToolError):
                    kept = (found.text, found.ref)
                    await asyncio.to_thread(self._answers.keep, key, kept, context.outputs)
            return found
        text, ref = answer
        if ref is not None:
            await asyncio.to_thread(self._answers.bring_back, key, context.outputs)
        return Observation(call.id, self.inner.spec.name, text, ref=ref)

    def _key(self, call: Invocation) -> str:
        """The same arguments have the same key, in whatever order and layout they are written."""
        asked = f"{self.inner.spec.name}\0{_canonical(call)}".encode(errors="surrogatepass")
        return hashlib.blake2b(asked, digest_size=16).hexdigest()


def cached(tool: Tool, folder: Path | str, *, most: int = MOST) -> Tool:
    """Returns the tool with its answers kept in a folder; a hit costs 0 and is booked so.

    Errors are not kept. Answers do not grow old: empty the folder to ask again. They are told
    apart by the tool's name and arguments, so two tools of one name need two folders.

    Args:
        tool: a read-only one.
        folder: where answers lie; it may be shared by processes.
        most: bytes above which the oldest answers are removed.

    Raises:
        UsageError: the tool is not read-only, so its answer is not all that it does.
    """
    if not tool.spec.read_only:
        raise UsageError(f"tool {tool.spec.name!r} is not read-only: its calls cannot be cached")
    return _Cached(tool, AnswerFolder(Path(folder), most))


def _canonical(call: Invocation) -> str:
    try:
        return json.dumps(call.written, sort_keys=True, default=_jsonable)
    except (ValueError, TypeError, RecursionError):
        return call.arguments


def _jsonable(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)  # their own order differs from process to process
    return to_jsonable_python(value)
