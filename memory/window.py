"""Only the latest tool outputs; the policy's own words stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..journal.records import Message
from ..ledger.errors import UsageError
from .memory import Memory
from .trajectory import Trajectory
from .turns import Turn, check_limit, fitted, head, turns_of, with_content


@dataclass(frozen=True, kw_only=True)
class WindowMemory(Memory):
    """Shows all replies, and the outputs of the latest tool calls."""

    name: str = "window"
    outputs: int = 5
    """Outputs that stay in view; those of the last reply's calls always do."""
    limit: int = 64_000
    """Tokens beside the task; above it the oldest turns leave."""

    prompts: ClassVar[tuple[str, ...]] = ("window",)

    def __post_init__(self) -> None:
        check_limit(self.name, self.limit)
        if self.outputs < 0:
            raise UsageError(f"memory {self.name}: outputs is 0 or more")

    def shown(self, trajectory: Trajectory) -> tuple[Message, ...]:
        turns = turns_of(trajectory)
        left = self.outputs
        seen: list[Turn] = []
        for turn in reversed(turns):
            last = not any(later.is_reply for later in seen)
            keep = len(turn.messages) - 1 if last else left
            seen.append(_seen(turn, keep, last, trajectory))
            left = max(left - (len(turn.messages) - 1), 0)
        return (*head(trajectory), *fitted(seen[::-1], self.limit, trajectory))


def _seen(turn: Turn, outputs: int, stays: bool, trajectory: Trajectory) -> Turn:
    """Returns a turn with only its last so many outputs."""
    old = len(turn.messages) - 1 - outputs
    if old <= 0:
        return Turn(turn.start, turn.messages, stays)
    kept = tuple(
        with_content(message, f"[{trajectory.ref(turn.start + at)} is out of view]")
        if message.role == "tool" and at <= old
        else message
        for at, message in enumerate(turn.messages)
    )
    return Turn(turn.start, kept, stays)
