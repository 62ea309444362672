"""The tools of an agent, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from ..journal.notice_text import told
from ..journal.notices import NAME_ROOM, UnknownTool
from ..journal.records import Observation, ToolCall, ToolSpec
from ..ledger.errors import UsageError
from .functions.rendering import clean
from .functions.tool import tool
from .protocol import Tool


class Toolset:
    """An ordered, unchanging collection of tools. Plain callables are wrapped with `tool`."""

    def __init__(self, tools: Iterable[Tool | Callable[..., Any]] = ()) -> None:
        """Takes the tools in the order in which the policy is to see them.

        Raises:
            UsageError: something is no tool, or two tools have one name.
        """
        self._tools: dict[str, Tool] = {}
        for each in tools:
            wrapped = _wrapped(each)
            name = wrapped.spec.name
            if name in self._tools:
                raise UsageError(f"two tools are named {name!r}: rename one with @tool(name=…)")
            self._tools[name] = wrapped

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self._tools)

    @cached_property
    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(each.spec for each in self)

    def get(self, name: str) -> Tool:
        """Returns the tool of this name.

        Raises:
            UsageError: there is none.
        """
        if name not in self._tools:
            raise UsageError(f"there is no tool {name!r}; {self._known()}")
        return self._tools[name]

    def without(self, names: Iterable[str]) -> Toolset:
        """Returns a registry that lacks these tools."""
        left_out = frozenset(names)
        return Toolset(each for each in self if each.spec.name not in left_out)

    def resolve(self, call: ToolCall) -> ToolCall:
        """Returns the call that is really meant: one tool may stand for many."""
        return call

    def unknown(self, call: ToolCall) -> Observation:
        """Returns what the policy sees when it calls a tool that is not here."""
        return told(replace(call, name=clean(call.name)), self.absent(call))

    def absent(self, call: ToolCall) -> UnknownTool:
        """Returns what is wrong with a call of a tool that is not here."""
        return UnknownTool(tool=call.name[:NAME_ROOM], known=self.names)

    def _known(self) -> str:
        return f"the tools are: {', '.join(self.names)}" if self._tools else "no tools are given"


def _wrapped(each: Tool | Callable[..., Any]) -> Tool:
    if isinstance(each, Tool):
        return each
    if not callable(each):
        raise UsageError(f"{each!r} is no tool: give a function or a Tool")
    return tool(each)
