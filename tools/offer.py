"""What can be had by typing `--tool NAME` or `--tool NAME:ARGUMENT`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .protocol import Tool

Approve = Callable[[str], bool | Awaitable[bool]]
"""From the text of a command to whether it may run."""


@dataclass(frozen=True)
class ToolOffer:
    """One or more tools under one name; a package offers its own as the entry point of that name.

    Its group is `outlay.tools`. A tool that takes no argument needs no offer around it.
    """

    name: str
    """What a person types, and the name of the entry point."""
    argument: str
    """What follows the colon: empty where nothing does, in brackets where it can be left out."""
    does: str
    """One line for `outlay tools list`."""
    make: Callable[[str, Approve | None], tuple[Tool, ...]]
    """Returns the tools for an argument; the approval is asked before what cannot be undone."""


def offer_of(tool: Tool) -> ToolOffer:
    """Returns the offer of a single tool that takes no argument."""
    does = tool.spec.description.partition("\n")[0]
    return ToolOffer(tool.spec.name, "", does, lambda _, approve: (tool,))
