"""Notices: what a policy is told of its calls and its tools beside what tools bring, as values.

`notice_text` has their words. Who needs to know what happened looks at the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from ..ledger.account import Shortfall

NAME_ROOM = 80
"""Characters of an unknown tool's name that are told and kept."""

Measure: TypeAlias = int | float | Decimal


@dataclass(frozen=True, kw_only=True)
class RefusedCall:
    """The ledger's no: no hold could be taken for the call, so it was not made."""

    tool: str
    resource: str
    account: str
    """Whose account lacks it."""
    limit: Measure = 0
    spent: Measure = 0
    asked: Measure = 0

    @classmethod
    def of(cls, tool: str, shortfall: Shortfall) -> RefusedCall:
        return cls(
            tool=tool, resource=shortfall.resource, account=shortfall.account,
            limit=shortfall.limit, spent=shortfall.spent, asked=shortfall.asked,
        )  # fmt: skip

    @property
    def left(self) -> Measure:
        return self.limit - self.spent  # type: ignore[operator]


@dataclass(frozen=True, kw_only=True)
class DeniedCall:
    """The call was not admitted, for want of an approval for example, and so was not made."""

    tool: str
    why: str
    """A clause without its full stop."""


@dataclass(frozen=True, kw_only=True)
class CriticAdvice:
    """The critic spoke against the call, so it was not made."""

    tool: str
    why: str


@dataclass(frozen=True, kw_only=True)
class UnknownTool:
    """The call names no tool."""

    tool: str
    """The name as the policy wrote it, up to `NAME_ROOM` characters."""
    known: tuple[str, ...] = ()
    search: str = ""
    """The tool that finds the others, where not all are shown."""
    hidden: int = 0
    """How many it finds."""


@dataclass(frozen=True, kw_only=True)
class InvalidArguments:
    """The arguments are malformed or do not fit, so the call was not made."""

    tool: str
    why: str


@dataclass(frozen=True, kw_only=True)
class UnpricedCall:
    """What the call would cost cannot be told, so it was not made."""

    tool: str
    why: str


@dataclass(frozen=True, kw_only=True)
class FailedCall:
    """The call was made and brought an error."""

    tool: str
    why: str
    how: Literal["failed", "raised", "crashed"] = "failed"
    """`failed`: the tool says so itself; `raised`: its code broke; `crashed`: it would have ended
    the process or the task."""


@dataclass(frozen=True, kw_only=True)
class TimedOutCall:
    """The call was given up."""

    tool: str
    seconds: float
    effects: bool = False
    """Whether it may have taken effect all the same: the tool does more than read."""


@dataclass(frozen=True, kw_only=True)
class CancelledCall:
    """The deadline of the budget passed before the call was made, or while it only read."""

    tool: str


@dataclass(frozen=True, kw_only=True)
class UnknownOutcome:
    """The call was left while it was under way: nobody knows what came of it."""

    tool: str
    why: str = "the run was interrupted"


@dataclass(frozen=True, kw_only=True)
class CutOutput:
    """The middle of an output is left out of what the policy sees."""

    left_out: int
    """Characters."""
    start: int
    """Character of the whole at which the middle begins."""
    ref: str = ""
    """Address of the whole; "": it could not be kept."""
    why: str = ""
    """Why it could not be kept."""


@dataclass(frozen=True, kw_only=True)
class UnreadOutput:
    """An observation is cut, for there is no budget left to read more of it."""

    shown: int
    """Characters that are shown."""


@dataclass(frozen=True, kw_only=True)
class WithdrawnTools:
    """The budget cannot pay another call of these tools from now on."""

    tools: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RestoredTools:
    """The budget can pay calls of these tools again."""

    tools: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AnswerChecked:
    """The answer was verified, and the policy is sent on to look further."""

    why: str
    unmet: tuple[tuple[str, str], ...] = ()
    """Conditions that are not satisfied: how each of them stands, and the condition."""
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class UnchangedPlan:
    """What the policy wrote of its plan could not be followed everywhere."""

    faults: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CallTargetReached:
    """The policy has made as many tool calls as the task was meant to take."""

    calls: int


@dataclass(frozen=True, kw_only=True)
class NothingDone:
    """The reply neither called a tool nor answered, and the policy is told what is expected."""

    said: Literal["plan", "call"]
    """It said what it was about to do, or wrote a call into its text."""
    tools: tuple[str, ...] = ()
    """Those that it can call."""


@dataclass(frozen=True, kw_only=True)
class SeveralNotices:
    """All that one message tells."""

    notices: tuple[Notice, ...]


Notice: TypeAlias = (
    RefusedCall
    | DeniedCall
    | CriticAdvice
    | UnknownTool
    | InvalidArguments
    | UnpricedCall
    | FailedCall
    | TimedOutCall
    | CancelledCall
    | UnknownOutcome
    | CutOutput
    | UnreadOutput
    | WithdrawnTools
    | RestoredTools
    | AnswerChecked
    | UnchangedPlan
    | CallTargetReached
    | NothingDone
    | SeveralNotices
)

NOT_RUN = (RefusedCall, DeniedCall, CriticAdvice)
"""The call was sound, and the ledger, somebody or the critic did not let it through."""

MISTAKES = (UnknownTool, InvalidArguments, UnpricedCall)
"""No call could be made of what the policy wrote."""

FAILURES = (*MISTAKES, FailedCall, TimedOutCall)
"""The call brought an error, or could not be made at all."""


def notices_of(notice: Notice | None) -> tuple[Notice, ...]:
    """Returns the single notices that a message's or an observation's notice comes to."""
    if notice is None:
        return ()
    return notice.notices if isinstance(notice, SeveralNotices) else (notice,)


def combined(*notices: Notice | None) -> Notice | None:
    """Returns all notices as one; None where there is none."""
    single = tuple(part for notice in notices for part in notices_of(notice))
    return SeveralNotices(notices=single) if len(single) > 1 else next(iter(single), None)
