"""The words in which a policy is told a notice. They stand here and nowhere else.

Nobody reads them back: an observation is journalled as it was told, with its notice.
"""

from __future__ import annotations

from ..ledger.account import Shortfall
from .notices import (
    AnswerChecked,
    CallTargetReached,
    CancelledCall,
    CriticAdvice,
    CutOutput,
    DeniedCall,
    FailedCall,
    InvalidArguments,
    NothingDone,
    Notice,
    RefusedCall,
    RestoredTools,
    SeveralNotices,
    TimedOutCall,
    UnchangedPlan,
    UnknownOutcome,
    UnknownTool,
    UnpricedCall,
    UnreadOutput,
    WithdrawnTools,
)
from .records import Observation, ToolCall

_CHECK = "It may or may not have taken effect; check before you call it again."


def for_policy(notice: Notice) -> str:
    """Returns what the policy reads."""
    match notice:
        case RefusedCall():
            return f"Not run: {shortfall(notice)}."
        case DeniedCall():
            return f"Not run: {notice.why}."
        case CriticAdvice():
            return f"Not run. A critic says: {notice.why}\nTo run it all the same, call it again."
        case UnknownTool():
            return f"Error: there is no tool {notice.tool!r}; {_others(notice)}"
        case InvalidArguments() | UnpricedCall() | FailedCall():
            return f"Error: {notice.why}"
        case TimedOutCall():
            late = f"Error: {notice.tool} gave no result within {notice.seconds:g} seconds"
            return f"{late}. {_CHECK}" if notice.effects else late
        case CancelledCall():
            return "Cancelled: the deadline of the budget has passed."
        case UnknownOutcome():
            return (
                f"The outcome of this call of {notice.tool} is unknown: {notice.why} "
                f"while it was under way. {_CHECK}"
            )
        case CutOutput():
            return f"[… {notice.left_out:,} characters left out; {_way(notice)} …]"
        case UnreadOutput():
            return "[cut: no budget is left to read more]"
        case WithdrawnTools():
            return f"Used up, and no longer available: {', '.join(notice.tools)}."
        case RestoredTools():
            return f"Available again: {', '.join(notice.tools)}."
        case AnswerChecked():
            return _sent_on(notice)
        case UnchangedPlan():
            faults = "; ".join(notice.faults)
            return f"Your plan was not changed where it could not be followed: {faults}."
        case CallTargetReached():
            return (
                f"That was tool call {notice.calls}, as many as this task was meant to take: "
                "finish now, unless a single call more decides it."
            )
        case NothingDone():
            return _expected(notice)
        case SeveralNotices():
            return "\n\n".join(map(for_policy, notice.notices))


def told(call: ToolCall, notice: Notice) -> Observation:
    """Returns the error that a policy sees in place of what its call would have brought."""
    return Observation(call.id, call.name, for_policy(notice), True, notice=notice)


def shortfall(notice: RefusedCall) -> str:
    """Returns a clause: who lacks how much of what."""
    return str(
        Shortfall(
            account=notice.account, resource=notice.resource, limit=notice.limit,
            spent=notice.spent, asked=notice.asked,
        )
    )  # fmt: skip


def _sent_on(notice: AnswerChecked) -> str:
    checked = f"Your answer was checked. {notice.why}".strip()
    unmet = "\n".join(f"- {state}: {condition}" for state, condition in notice.unmet)
    return "\n".join(filter(None, (checked, unmet, notice.advice, "Dig deeper.")))


def _expected(notice: NothingDone) -> str:
    answer = "give your answer and end with the line\n\nAnswer: <the answer>"
    if notice.said == "call":
        told = "You wrote a tool call into your text, so no tool was called."
    else:
        told = "You said what you are about to do, but did not do it."
    if not notice.tools:
        return f"{told} No tool can be called: {answer}"
    return f"{told} If you need a tool ({', '.join(notice.tools)}), call it now; if not, {answer}"


def _others(notice: UnknownTool) -> str:
    if notice.search:
        return f"find one of the {notice.hidden} tools with {notice.search}"
    return f"the tools are: {', '.join(notice.known)}" if notice.known else "no tools are given"


def _way(notice: CutOutput) -> str:
    if not notice.ref:
        return f"they could not be kept ({notice.why})"
    return f'read on with recall(ref="{notice.ref}", start={notice.start})'
