"""`note`, `prune`, `pin`: the tools by which a policy keeps its own memory in order.

What they did is read off the calls in the trajectory, so going back, resuming and replaying need
nothing beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ...journal.arguments import MalformedArguments, read_arguments
from ...journal.records import ToolCall
from ...ledger.errors import ToolError
from ...tools import Tool, ToolContext, tool
from ...tools.context import AttemptHistory

NOTE, PRUNE, PIN = "note", "prune", "pin"


@dataclass
class Curation:
    """What is to be seen of the records of an attempt, by the places of their messages."""

    pruned: set[int] = field(default_factory=set)
    pinned: set[int] = field(default_factory=set)

    def apply(self, call: ToolCall, places: dict[str, int]) -> None:
        """Does what a call asks for, as far as it makes sense.

        Args:
            places: the records that there are by then, by ref.
        """
        arguments = _arguments(call)
        refs = arguments.get("refs")
        meant = {places[ref] for ref in refs if ref in places} if isinstance(refs, list) else set()
        if call.name == PIN:
            self.pinned |= meant - self.pruned
        elif call.name == PRUNE and str(arguments.get("note", "")).strip():
            self.pruned |= meant - self.pinned


def curated(past: AttemptHistory) -> Curation:
    """Returns what came of all calls of the memory tools in an attempt."""
    made = Curation()
    places: dict[str, int] = {}
    for place, message in enumerate(past.messages):
        if message.role == "tool":
            places[past.ref(place)] = place
        for call in message.tool_calls:
            if call.name in (PRUNE, PIN):
                made.apply(call, places)
    return made


@tool(price=Decimal(0), read_only=True, inline=True, name=NOTE)
def note(text: str) -> str:
    """Writes a note to yourself, which stays in view until you prune it.

    Args:
        text: what you want to remember.
    """
    if not text.strip():
        raise ToolError("the note is empty: write down what you want to remember")
    return "Noted."


@tool(price=Decimal(0), read_only=True, inline=True, name=PRUNE)
def prune(refs: list[str], note: str, context: ToolContext) -> str:
    """Takes records out of view that you no longer need. `recall` shows them again.

    Args:
        refs: the refs of the records, such as r12.
        note: what is still needed of them; it stays in their place.
    """
    if not note.strip():
        raise ToolError("write into `note` what is still needed of these records, then prune them")
    pinned = {context.past()[-1].ref(place) for place in _now(context).pinned}
    gone = _known(refs, context)
    if stuck := [ref for ref in gone if ref in pinned]:
        raise ToolError(f"pinned records stay in view: {', '.join(stuck)}")
    return f"Out of view: {', '.join(gone)}."


@tool(price=Decimal(0), read_only=True, inline=True, name=PIN)
def pin(refs: list[str], context: ToolContext) -> str:
    """Keeps records in view that must not be lost.

    Args:
        refs: the refs of the records, such as r12.
    """
    return f"Pinned: {', '.join(_known(refs, context))}."


TOOLS: tuple[Tool, ...] = (note, prune, pin)


def _now(context: ToolContext) -> Curation:
    return curated(context.past()[-1])


def _known(refs: Sequence[str], context: ToolContext) -> list[str]:
    """Returns the refs, each once.

    Raises:
        ToolError: one of them is no record in view.
    """
    now = context.past()[-1]
    pruned = curated(now).pruned
    known = {
        now.ref(place)
        for place, message in enumerate(now.messages)
        if message.role == "tool" and place not in pruned
    }
    if strange := [ref for ref in refs if ref not in known]:
        raise ToolError(f"no record in view has the ref {strange[0][:80]!r}")
    if not refs:
        raise ToolError("give at least one ref, such as r12")
    return list(dict.fromkeys(refs))


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        return read_arguments(call.arguments)
    except MalformedArguments:
        return {}
