"""Tools under other names, and some of many."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property

from ...journal.notices import Notice
from ...journal.records import Observation, ToolCall, ToolSpec
from ...ledger.errors import UsageError
from ..context import ToolContext
from ..invocation import Invocation
from ..protocol import Tool, Wrapper


class _Renamed(Wrapper):
    def __init__(self, inner: Tool, name: str) -> None:
        super().__init__(inner)
        self._name = name

    @cached_property
    def spec(self) -> ToolSpec:
        return replace(self.inner.spec, name=self._name)

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        return await self.inner.admit(replace(call, name=self.inner.spec.name), context)

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        found = await self.inner.run(replace(call, name=self.inner.spec.name), context)
        return replace(found, tool=self._name)


def prefixed(tools: Iterable[Tool], prefix: str) -> list[Tool]:
    """Returns the tools with `prefix` and `_` before their names.

    Raises:
        UsageError: a name would be longer than 64 characters, or hold what no name may hold.
    """
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", prefix):
        raise UsageError(f"{prefix!r} is no prefix: use letters, digits, `_` and `-`")
    names = [(tool, f"{prefix}_{tool.spec.name}") for tool in tools]
    for _, name in names:
        if len(name) > 64:
            raise UsageError(f"{name!r} is too long for a tool's name: choose a shorter prefix")
    return [_Renamed(tool, name) for tool, name in names]


def filtered(tools: Iterable[Tool], keep: Callable[[ToolSpec], bool]) -> list[Tool]:
    """Returns the tools whose spec `keep` wants."""
    return [tool for tool in tools if keep(tool.spec)]
