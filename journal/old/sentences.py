"""The sentences in which observations told their notices before these were recorded, read back.

Frozen: it is for events that were written without a notice, and never follows `notice_text`.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from ..notices import (
    CancelledCall,
    CriticAdvice,
    DeniedCall,
    FailedCall,
    InvalidArguments,
    Notice,
    RefusedCall,
    TimedOutCall,
    UnknownOutcome,
    UnknownTool,
)

CUT = "[cut: no budget is left to read more]"
"""How an observation ended that the budget could not pay to be read whole."""

_NOT_RUN, _ADVICE, _ERROR = "Not run: ", "Not run. A critic says: ", "Error"
_ADVICE_END = "\nTo run it all the same, call it again."
_CANCELLED = "Cancelled: the deadline of the budget has passed."
_SHORT = re.compile(r"(.+) has (\S+) of (\S+) (.+) left, and (\S+) would be needed\.", re.DOTALL)
_LATE = re.compile(r"the deadline of (.+) \((\S+) s\) has passed\.", re.DOTALL)
_CLOSED = re.compile(r"(.+) is closed: a bill came in above its hold\.", re.DOTALL)
_NO_TOOL = re.compile(r"Error: there is no tool (['\"].*?['\"]); (.*)", re.DOTALL)
_ARGUMENTS = re.compile(r"Error: (wrong arguments for .*|the arguments of .* JSON text)", re.DOTALL)
_TIMEOUT = re.compile(r"Error: \S+ gave no result within (\S+) seconds")
_UNKNOWN = re.compile(r"The outcome of this call of .* is unknown: the run was interrupted while ")
_LISTED = "the tools are: "


def notice_in(text: str, tool: str = "") -> Notice | None:
    """Returns the notice in what a policy was told of a call of `tool`, or None."""
    if text.startswith(_NOT_RUN.rstrip()):
        return _not_run(text.removeprefix(_NOT_RUN), tool)
    if text.startswith(_ADVICE):
        why = text.removeprefix(_ADVICE).removesuffix(_ADVICE_END)
        return CriticAdvice(tool=tool, why=why)
    if text.startswith(_ERROR):
        return _error(text, tool)
    if text == _CANCELLED:
        return CancelledCall(tool=tool)
    return UnknownOutcome(tool=tool) if _UNKNOWN.match(text) else None


def _not_run(why: str, tool: str) -> Notice:
    if short := _SHORT.fullmatch(why):
        account, left, limit, resource, asked = short.groups()
        most, rest, more = _number(limit), _number(left), _number(asked)
        if most is not None and rest is not None and more is not None:
            return RefusedCall(
                tool=tool, resource=resource, account=account, limit=most, spent=most - rest,
                asked=more,
            )  # fmt: skip
    if late := _LATE.fullmatch(why):
        limit = _number(late[2]) or Decimal(0)
        return RefusedCall(tool=tool, resource="seconds", account=late[1], limit=float(limit))
    if closed := _CLOSED.fullmatch(why):
        return RefusedCall(tool=tool, resource="closed", account=closed[1])
    return DeniedCall(tool=tool, why=why.removesuffix("."))


def _error(text: str, tool: str) -> Notice:
    if absent := _NO_TOOL.fullmatch(text):
        listed = absent[2].removeprefix(_LISTED).split(", ")
        known = tuple(listed) if absent[2].startswith(_LISTED) else ()
        return UnknownTool(tool=tool or absent[1][1:-1], known=known)
    if wrong := _ARGUMENTS.fullmatch(text):
        return InvalidArguments(tool=tool, why=wrong[1])
    if late := _TIMEOUT.fullmatch(text):
        seconds = _number(late[1])
        if seconds is not None:
            return TimedOutCall(tool=tool, seconds=float(seconds))
    return FailedCall(tool=tool, why=text.removeprefix(_ERROR).removeprefix(": "))


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.lstrip("$").replace(",", ""))
    except InvalidOperation:
        return None
