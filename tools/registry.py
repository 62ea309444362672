"""Tools by what a person types: `NAME` or `NAME:ARGUMENT`. Other packages add theirs."""

from __future__ import annotations

from ..ledger.errors import UsageError
from ..ledger.registry import Registry
from .offer import Approve, ToolOffer, offer_of
from .protocol import Tool
from .shipped import FILE_TOOLS

_SHIPPED = (
    *("ask_human", "calculator", "fetch", "files", "python", "recall", "shell", "sql", "think"),
    "web_search",
)
TOOLS: Registry[object] = Registry(
    "tool", "tools", {name: f"outlay.tools.shipped:{name.upper()}" for name in _SHIPPED}
)
"""Ours, and what other packages offer under the entry point `outlay.tools`."""

_OF_DOCS = ("open", "search")
"""Need a folder of documents, so they are not made from a name."""


def tool_offer(name: str) -> ToolOffer:
    """Returns what is offered under a name.

    Raises:
        UsageError: nothing is, or another package offers what is no tool.
    """
    offered = TOOLS.find(name)
    if isinstance(offered, ToolOffer):
        return offered
    if isinstance(offered, Tool):
        return offer_of(offered)
    raise UsageError(
        f"the tool {name!r} of another package is of type {type(offered).__name__}: what is "
        "offered as outlay.tools must be a @tool function or a ToolOffer"
    )


BUILTIN_TOOLS = tuple(map(tool_offer, _SHIPPED))
"""What ships with outlay."""


def foreign_tools() -> tuple[str, ...]:
    """Returns the names that other packages offer."""
    return tuple(name for name in TOOLS.names() if name not in _SHIPPED)


def builtin_tools(spec: str, *, approve: Approve | None = None) -> tuple[Tool, ...]:
    """Returns the tools that `NAME` or `NAME:ARGUMENT` stands for, ours or of another package.

    Args:
        spec: as listed by `outlay tools list`; of a group, `read_file:DIR` is one tool alone.
        approve: asked before each shell command; None refuses them all.

    Raises:
        UsageError: there is no such tool, it lacks its argument, or an extra is not installed.
    """
    name, _, argument = spec.partition(":")
    if name in _OF_DOCS:
        raise UsageError(f"tool {name!r} needs a folder of documents: give one with --docs DIR")
    group = "files" if name in FILE_TOOLS else name
    if group not in TOOLS.names():
        known = ", ".join(sorted([*TOOLS.names(), *_OF_DOCS]))
        raise UsageError(f"no tool {name!r} ships with outlay; these do: {known}")
    offer = tool_offer(group)
    if offer.argument and not argument and not offer.argument.startswith("["):
        raise UsageError(f"tool {name!r} needs an argument: {name}:{offer.argument}")
    if argument and not offer.argument:
        raise UsageError(f"tool {name!r} takes no argument: write {name}, not {spec}")
    made = offer.make(argument, approve)
    return made if group == name else tuple(tool for tool in made if tool.spec.name == name)
