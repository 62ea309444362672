"""The workspace of IterResearch: the question, an evolving report, the last action and outcome.

Chen et al. 2025, arXiv 2511.07327: the state is (q, M_t, {a_{t-1}, TR_{t-1}}), and one generation
gives the thought, the report M_{t+1} and the action a_t. The report's cap is enforced here, so a
prompt does not grow with the number of steps. A reply without a report leaves it as it is, which
spares the output tokens of writing it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ..journal.records import Message
from .memory import Memory
from .reply_blocks import block, capped, is_sound, without_block
from .trajectory import Trajectory
from .turns import Turn, check_limit, fitted, head, latest, turns_of

_TAG = "report"


@dataclass(frozen=True, kw_only=True)
class WorkspaceMemory(Memory):
    """Shows the task, the policy's report, and its last action with what came of it.

    What a planner has told the policy since (a plan, a verdict) stays too, while it fits.
    """

    name: str = "workspace"
    cap: int = 4_000
    """Tokens of the report; what goes beyond them is cut off."""
    limit: int = 40_000
    """Tokens beside the task; the outcome of the last action is cut to fit."""

    prompts: ClassVar[tuple[str, ...]] = ("workspace",)

    def __post_init__(self) -> None:
        check_limit(self.name, self.limit, self.cap)

    def shown(self, trajectory: Trajectory) -> tuple[Message, ...]:
        turns = turns_of(trajectory)
        last = latest(turns)
        told = [turn for turn in turns[:last] if not turn.is_reply]
        now = [replace(without_block(turn, _TAG), stays=True) for turn in turns[last:]]
        report = self.report(trajectory)
        written = [Turn(len(trajectory), (_report(report),), True)] if report else []
        return (*head(trajectory), *fitted([*told, *written, *now], self.limit, trajectory))

    def report(self, trajectory: Trajectory) -> str:
        """Returns the report as it stands; "" before the first one."""
        for message in reversed(trajectory.messages):
            written = block(message.content, _TAG) if message.role == "assistant" else None
            if written is not None and is_sound(written):
                return capped(written, self.cap)
        return ""


def _report(text: str) -> Message:
    return Message("user", f"Your report:\n<{_TAG}>\n{text}\n</{_TAG}>")
