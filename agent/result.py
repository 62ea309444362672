"""What a run gives back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ..journal.records import Message
from ..ledger.amount import Amount
from ..planners import Reason, Status, final_answer


@dataclass(frozen=True, kw_only=True)
class Result:
    run: str
    """The run's id: `outlay show RUN` tells its story."""
    status: Status
    text: str | None
    """The policy's last words in full, or None if it never said any."""
    why: str
    """What ended a run that did not end by the policy's own answer."""
    reason: Reason = "answered"
    """What ended the run, as one of a few words: `length`, `content_filter`, `budget`, …"""
    spend: Amount
    """What was spent, by resource; calls whose bill is unknown at their full hold."""
    cost: Decimal | None
    """The unified cost in USD (tokens and tool calls), or None where a price is unknown."""
    seconds: float
    """The run's own time; downtime before a resume is not in it."""
    trajectory: tuple[Message, ...]

    @property
    def answer(self) -> str | None:
        """What follows the last `Answer:` in the text, or the whole text where there is none."""
        return None if self.text is None else final_answer(self.text)


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """What a recorded run would have come to under another budget or other prices."""

    run: str
    exact: bool
    """True if the run would have gone the same way to its end; then there is a `result`."""
    step: int | None = None
    """The first step that would have been another one; what follows it is unknown."""
    why: str = ""
    """What would have been different there."""
    spend: Amount
    """What would have been spent, up to that step."""
    result: Result | None = None
