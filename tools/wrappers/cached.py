"""A tool that asks only once: a call made before is answered from a folder, for free."""

from __future__ import annotations

import hashlib
import os
from decimal import Decimal
from pathlib import Path

import orjson

from ...ledger.errors import UsageError
from ...ledger.records import Observation, ToolCall
from ..context import ToolContext
from ..protocol import Tool, Wrapper


class _Cached(Wrapper):
    def __init__(self, inner: Tool, folder: Path) -> None:
        super().__init__(inner)
        self._folder = folder

    @property
    def least_cost(self) -> Decimal | None:
        return None if self.inner.least_cost is None else Decimal(0)

    def cost(self, arguments: str) -> Decimal | None:
        return Decimal(0) if self._place(arguments).exists() else self.inner.cost(arguments)

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        place = self._place(call.arguments)
        try:
            known = orjson.loads(place.read_bytes())
            return Observation(call.id, call.name, known["text"], ref=known["ref"])
        except (OSError, ValueError, KeyError):
            found = await self.inner.run(call, context)
        if not found.error:
            self._keep(place, found)
        return found

    def _place(self, arguments: str) -> Path:
        """The same arguments have the same place, in whatever order and layout they are written."""
        try:
            canonical = orjson.dumps(orjson.loads(arguments), option=orjson.OPT_SORT_KEYS)
        except ValueError:
            canonical = arguments.encode(errors="replace")
        name = self.inner.spec.name.encode()
        return self._folder / hashlib.blake2b(name + b"\0" + canonical, digest_size=16).hexdigest()

    def _keep(self, place: Path, found: Observation) -> None:
        """A full disk costs the next call, not this one."""
        partial = place.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(orjson.dumps({"text": found.text, "ref": found.ref}))
            partial.replace(place)
        except OSError:
            partial.unlink(missing_ok=True)


def cached(tool: Tool, folder: Path | str) -> Tool:
    """Returns the tool with its answers kept in a folder; a hit costs 0 and is booked so.

    Errors are not kept. Answers do not grow old: empty the folder to ask again.

    Raises:
        UsageError: the tool is not read-only, so its answer is not all that it does.
    """
    if not tool.spec.read_only:
        raise UsageError(f"tool {tool.spec.name!r} is not read-only: its calls cannot be cached")
    return _Cached(tool, Path(folder))
