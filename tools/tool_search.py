"""Many tools for the price of two: the policy searches for a tool, then calls it by name.

The two are the same at every step, so prompts only grow and the provider's cache stays warm. A
call through `call_tool` is a call of the tool it names: its price, its limits, its book entries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import orjson

from ..journal.arguments import MalformedArguments, read_arguments
from ..journal.notices import NAME_ROOM, UnknownTool
from ..journal.records import ToolCall, ToolSpec
from ..ledger.errors import ToolError
from .documents.corpus import Document
from .documents.full_text_index import DocumentIndex
from .functions.rendering import encodable
from .functions.tool import tool
from .protocol import Tool
from .toolset import Toolset

SEARCH, CALL = "tool_search", "call_tool"
ALWAYS = ("recall", "note", "prune", "pin")
"""Tools that observations or a memory refer to by name: they are offered beside the search."""

FOUND = 5
"""Tools that one search describes."""


class SearchableRegistry(Toolset):
    """A registry whose tools are found by searching.

    Args:
        tools: all of them.
        always: names of tools that are offered beside the search, as usual.

    Raises:
        UsageError: a name in `always` is no tool's, or two tools have one name.
    """

    def __init__(
        self, tools: Iterable[Tool | Callable[..., Any]], *, always: Iterable[str] = ()
    ) -> None:
        hidden = Toolset(tools)
        self._hidden = hidden
        self._always = tuple(hidden.get(name).spec.name for name in always)
        super().__init__([*hidden, _search(hidden), _call(hidden)])

    @cached_property
    def names(self) -> tuple[str, ...]:
        return self._hidden.names

    @cached_property
    def specs(self) -> tuple[ToolSpec, ...]:
        shown = (SEARCH, CALL, *self._always)
        return tuple(self.get(name).spec for name in shown)

    def resolve(self, call: ToolCall) -> ToolCall:
        if call.name != CALL:
            return call
        try:
            wish = read_arguments(call.arguments)
            name, given = str(wish["name"]), wish["arguments"]
            text = given if isinstance(given, str) else json.dumps(given)  # text: models do that
        except (MalformedArguments, KeyError):
            return call  # `call_tool` itself says what is wrong with it
        return ToolCall(call.id, encodable(name), encodable(text))

    def absent(self, call: ToolCall) -> UnknownTool:
        return UnknownTool(tool=call.name[:NAME_ROOM], search=SEARCH, hidden=len(self._hidden))

    def _known(self) -> str:
        return f"find one of the {len(self._hidden)} tools with {SEARCH}"


def offered(tools: Iterable[Tool | Callable[..., Any]], above: int) -> Toolset:
    """Returns the tools as they are, or to be searched for where there are more than `above`."""
    registry = Toolset(tools)
    if len(registry) <= above:
        return registry
    return SearchableRegistry(registry, always=[name for name in ALWAYS if name in registry])


def _search(hidden: Toolset) -> Tool:
    described = {each.spec.name: _describe(each.spec) for each in hidden}
    documents = (Document(n, _words(n), f"{_words(n)} {text}") for n, text in described.items())
    index = DocumentIndex(documents)

    @tool(price=0, read_only=True, inline=True, name=SEARCH)
    def search(query: str) -> str:
        """Finds tools by what they do; describes the best ones with their arguments.

        Args:
            query: a few words on what is to be done.
        """
        found = index.find(query, FOUND)
        if not found:
            return f"No tool fits {query!r}. Try other words: there are {len(hidden)} tools."
        return "\n\n".join(described[hit.name] for hit in found)

    return search


def _call(hidden: Toolset) -> Tool:
    @tool(price=0, name=CALL)
    def call(name: str, arguments: dict[str, Any]) -> str:
        """Calls a tool that tool_search has found.

        Args:
            name: the tool's name.
            arguments: its arguments, as tool_search describes them.
        """
        raise ToolError(f"there is no tool {name!r}: find one of {len(hidden)} with {SEARCH}")

    return call


def _describe(spec: ToolSpec) -> str:
    return f"{spec.name}: {spec.description}\narguments: {orjson.dumps(spec.parameters).decode()}"


def _words(name: str) -> str:
    """`getUserName` and `get_user_name` are both found by `user`."""
    return " ".join(re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name))
