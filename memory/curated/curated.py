"""A memory that the policy edits itself, by tools.

MemAct (Zhang et al. 2025, arXiv 2510.12635): context edits are actions. Every record has a fixed
id; what is still needed is written before a record leaves, and the memory action stays as a record
itself. Prompting alone did not bring models to use it, hence the reminders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ...journal.records import Message
from ...tools import Tool
from ..memory import Memory
from ..prompts import prompt
from ..trajectory import Trajectory
from ..turns import Turn, check_limit, fitted, head, latest, tokens, turns_of, with_content
from .curation_tools import TOOLS, curated

REMIND, INSIST = 0.5, 0.8
"""The shares of the limit above which the policy is reminded, and urged, to prune."""


@dataclass(frozen=True, kw_only=True)
class CuratedMemory(Memory):
    """Shows all records but those that the policy has pruned; each begins with its ref.

    The last reply and its outcome always stay.
    """

    name: str = "curated"
    limit: int = 40_000
    """Tokens beside the task; above it the oldest turns leave that are not pinned."""

    prompts: ClassVar[tuple[str, ...]] = ("curated",)

    def __post_init__(self) -> None:
        check_limit(self.name, self.limit)

    def tools(self) -> tuple[Tool, ...]:
        return (*TOOLS, *super().tools())

    def shown(self, trajectory: Trajectory) -> tuple[Message, ...]:
        made = curated(trajectory)
        turns = turns_of(trajectory)
        last = latest(turns)
        seen: list[Turn] = []
        for place, turn in enumerate(turns):
            now = place >= last
            places = [turn.start + at for at, m in enumerate(turn.messages) if m.role == "tool"]
            if places and made.pruned.issuperset(places) and not now:
                continue
            stays = now or not made.pinned.isdisjoint(places)
            seen.append(replace(_marked(turn, made.pruned, trajectory), stays=stays))
        hint = _hint(sum(tokens(turn.messages) for turn in seen) / self.limit)
        if hint:
            seen.append(Turn(len(trajectory), (Message("user", hint),), True))
        return (*head(trajectory), *fitted(seen, self.limit, trajectory))


def _marked(turn: Turn, pruned: set[int], trajectory: Trajectory) -> Turn:
    """Returns a turn whose records begin with their refs; of pruned ones nothing else is left."""
    messages = []
    for place, message in enumerate(turn.messages, start=turn.start):
        if message.role == "tool":
            ref = trajectory.ref(place)
            text = "pruned" if place in pruned else message.content
            message = with_content(message, f"[{ref}] {text}")
        messages.append(message)
    return replace(turn, messages=tuple(messages))


def _hint(share: float) -> str:
    if share > INSIST:
        return prompt("insist").text
    return prompt("remind").text if share > REMIND else ""
