"""The state of StateAct: the goal and typed fields, carried along in every step as plain text.

Rozanov and Rei 2024, arXiv 2410.02810: the policy restates the goal and its state before each
thought. Plain lines are used because a JSON state made their agents worse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from ..journal.records import Message
from ..ledger.errors import UsageError
from ..ledger.token_bounds import byte_bound
from .memory import Memory
from .reply_blocks import block, capped, without_block
from .trajectory import Trajectory
from .turns import Turn, check_limit, fitted, head, latest, turns_of

_TAG = "state"

FIELDS: Mapping[str, Literal["text", "list"]] = {
    "goal": "text",
    "found": "list",
    "tried": "list",
    "open": "list",
    "now": "text",
}
"""The fields and their types; the items of a list are separated by semicolons."""

_LINE = re.compile(rf"^\W*({'|'.join(FIELDS)})\s*:[ \t]*(.*)$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class StateMemory(Memory):
    """Shows the task, the latest turns, and the policy's state after them."""

    name: str = "state"
    turns: int = 3
    """Replies that stay in view, with what came of them."""
    cap: int = 4_000
    """Tokens of the state: above it, lists lose their oldest items and texts are cut."""
    limit: int = 40_000
    """Tokens beside the task; outputs are cut to fit."""

    prompts: ClassVar[tuple[str, ...]] = ("state",)

    def __post_init__(self) -> None:
        check_limit(self.name, self.limit, self.cap)
        if self.turns < 1:
            raise UsageError(f"memory {self.name}: turns is 1 or more")

    def shown(self, trajectory: Trajectory) -> tuple[Message, ...]:
        turns = turns_of(trajectory)
        begin, last = latest(turns, self.turns), latest(turns)
        kept = [
            replace(without_block(turn, _TAG), stays=place >= last)
            for place, turn in enumerate(turns)
            if place >= begin or not turn.is_reply
        ]
        state = self.state(trajectory)
        carried = [Turn(len(trajectory), (_shown(state),), True)] if state else []
        return (*head(trajectory), *fitted([*kept, *carried], self.limit, trajectory))

    def state(self, trajectory: Trajectory) -> dict[str, str]:
        """Returns the fields as they stand; a field that a reply leaves out stays as it was."""
        state: dict[str, str] = {}
        for message in reversed(trajectory.messages):
            written = block(message.content, _TAG) if message.role == "assistant" else None
            for name, value in reversed(_LINE.findall(written or "")):
                state.setdefault(name.lower(), value.strip())
            if len(state) == len(FIELDS):
                break
        ordered = {name: state[name] for name in FIELDS if state.get(name)}
        return _within(ordered, self.cap)


def _shown(state: Mapping[str, str]) -> Message:
    return Message("user", f"<{_TAG}>\n{_plain(state)}\n</{_TAG}>")


def _plain(state: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in state.items())


def _within(state: dict[str, str], cap: int) -> dict[str, str]:
    """Shortens the longest field, again and again, until the state is within the cap."""
    while (excess := byte_bound(_plain(state)) - cap) > 0:
        name = max(state, key=lambda field: byte_bound(state[field]))
        value = state[name]
        if FIELDS[name] == "list" and ";" in value:
            while byte_bound(value) > byte_bound(state[name]) - excess and ";" in value:
                value = value.partition(";")[2].strip()
        else:
            value = capped(value, max(byte_bound(value) - excess, 0))
        state = {**state, name: value} if value else {n: v for n, v in state.items() if n != name}
    return state
