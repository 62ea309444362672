"""A tool that asks only once: a call made before is answered from a folder, for free."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from pydantic_core import to_jsonable_python

from ...journal.notice_text import told
from ...journal.notices import InvalidArguments
from ...journal.private_files import private_file, private_folder
from ...journal.records import Observation, ToolCall
from ...ledger.errors import ToolError, UsageError
from ..context import ToolContext
from ..invocation import Invocation
from ..protocol import Tool, Wrapper

MOST = 256 * 1024 * 1024
"""Bytes that a folder holds, where nothing else is said."""

PROMISED = 1_000
"""Answers kept in memory between the price of 0 and the call that it was told for."""

Answer = tuple[str, str | None]
"""What the policy saw, and the ref of the whole where that was cut."""


class _Cached(Wrapper):
    def __init__(self, inner: Tool, folder: Path, most: int) -> None:
        super().__init__(inner)
        self._folder = folder
        self._most = most
        self._grown = most  # so that what earlier processes left is counted first
        self._promised: dict[Path, Answer] = {}

    @property
    def least_cost(self) -> Decimal | None:
        return None if self.inner.least_cost is None else Decimal(0)

    def cost(self, call: Invocation) -> Decimal | None:
        place = self._place(call)
        answer = _read(place) or self._promised.get(place)
        if answer is None:
            return self.inner.cost(call)
        self._promised[place] = answer  # whatever becomes of the file, this call is free
        while len(self._promised) > PROMISED:
            self._promised.pop(next(iter(self._promised)))
        return Decimal(0)

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        invocation = call if isinstance(call, Invocation) else self.read(call)
        if isinstance(invocation, InvalidArguments):
            return told(call, invocation)
        place = self._place(invocation)
        answer = self._promised.pop(place, None) or _read(place)
        if answer is None:
            found = await self.inner.run(invocation, context)
            if not found.error:
                await asyncio.to_thread(self._keep, place, found, context)
            return found
        text, ref = answer
        if ref is not None:
            await asyncio.to_thread(_bring_back, place, context)
        return Observation(call.id, self.inner.spec.name, text, ref=ref)

    def _place(self, call: Invocation) -> Path:
        """The same arguments have the same place, in whatever order and layout they are written."""
        key = f"{self.inner.spec.name}\0{_canonical(call)}".encode(errors="surrogatepass")
        return self._folder / hashlib.blake2b(key, digest_size=16).hexdigest()

    def _keep(self, place: Path, found: Observation, context: ToolContext) -> None:
        """A full disk costs the next call, not this one."""
        with contextlib.suppress(OSError, ToolError):
            private_folder(self._folder)
            if found.ref is not None:
                whole = context.outputs.get(found.ref, length=None)
                self._write(_whole(place), whole.encode(errors="replace"))
            self._write(place, orjson.dumps({"text": found.text, "ref": found.ref}))
            self._make_room()

    def _write(self, place: Path, data: bytes) -> None:
        partial = place.with_name(f"{place.name}.{os.getpid()}.part")
        try:
            with private_file(partial) as file:
                file.write(data)
            partial.replace(place)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        self._grown += len(data)

    def _make_room(self) -> None:
        """Removes the oldest answers; looks at the folder only once it has grown by a tenth."""
        if self._grown * 10 < self._most:
            return
        sizes = [(file.stat().st_mtime, file.stat().st_size, file) for file in _files(self._folder)]
        held = sum(size for _, size, _ in sizes)
        for _, size, file in sorted(sizes):
            if held <= self._most:
                break
            file.unlink(missing_ok=True)
            held -= size
        self._grown = 0


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
    return _Cached(tool, Path(folder), most)


def _read(place: Path) -> Answer | None:
    try:
        known = orjson.loads(place.read_bytes())
        text, ref = known["text"], known["ref"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (text, ref) if isinstance(text, str) and isinstance(ref, str | None) else None


def _canonical(call: Invocation) -> str:
    try:
        return json.dumps(call.written, sort_keys=True, default=_jsonable)
    except (ValueError, TypeError, RecursionError):
        return call.arguments


def _jsonable(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)  # their own order differs from process to process
    return to_jsonable_python(value)


def _whole(place: Path) -> Path:
    return place.with_name(f"{place.name}.whole")


def _bring_back(place: Path, context: ToolContext) -> None:
    """The answer may come from another home: what was cut of it can be read on here too."""
    with contextlib.suppress(OSError):
        context.outputs.put(_whole(place).read_text(encoding="utf-8"))


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file()]
