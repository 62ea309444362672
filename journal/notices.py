"""Notices: what a policy is told of its calls and its tools beside what tools bring, as values.

`notice_text` has their words. Who needs to know what happened looks at the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Literal, TypeAlias, TypeVar

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


@dataclass(frozen=True, kw_only=True)
class CancelledCall:
    """The call was under way when the deadline of the budget passed."""

    tool: str


@dataclass(frozen=True, kw_only=True)
class UnknownOutcome:
    """The run was interrupted while the call was under way: nobody knows what came of it."""

    tool: str


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
    | SeveralNotices
)

NOT_RUN = (RefusedCall, DeniedCall, CriticAdvice)
"""The call was sound, and the ledger, somebody or the critic did not let it through."""

MISTAKES = (UnknownTool, InvalidArguments, UnpricedCall)
"""No call could be made of what the policy wrote."""

FAILURES = (*MISTAKES, FailedCall, TimedOutCall)
"""The call brought an error, or could not be made at all."""

_KINDS: Mapping[str, type[Any]] = {
    "refused": RefusedCall,
    "denied": DeniedCall,
    "critic": CriticAdvice,
    "unknown_tool": UnknownTool,
    "invalid_arguments": InvalidArguments,
    "unpriced": UnpricedCall,
    "failed": FailedCall,
    "timed_out": TimedOutCall,
    "cancelled": CancelledCall,
    "unknown_outcome": UnknownOutcome,
    "cut": CutOutput,
    "unread": UnreadOutput,
    "withdrawn": WithdrawnTools,
    "restored": RestoredTools,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}

_SomeNotice = TypeVar("_SomeNotice", bound=Notice)


def notices_of(notice: Notice | None) -> tuple[Notice, ...]:
    """Returns the single notices that a message's or an observation's notice comes to."""
    if notice is None:
        return ()
    return notice.notices if isinstance(notice, SeveralNotices) else (notice,)


def combined(*notices: Notice | None) -> Notice | None:
    """Returns all notices as one; None where there is none."""
    single = tuple(part for notice in notices for part in notices_of(notice))
    return SeveralNotices(notices=single) if len(single) > 1 else next(iter(single), None)


def cleaned(notice: _SomeNotice, clean: Callable[[str], str]) -> _SomeNotice:
    """Returns the notice with `clean` applied to each of its texts."""
    changed: dict[str, Any] = {}
    for place in fields(notice):
        value = getattr(notice, place.name)
        if isinstance(value, str):
            changed[place.name] = clean(value)
        elif place.name == "notices":
            changed[place.name] = tuple(cleaned(part, clean) for part in value)
        elif isinstance(value, tuple):
            changed[place.name] = tuple(map(clean, value))
    return replace(notice, **changed)


def to_dict(notice: Notice) -> dict[str, Any]:
    """Returns the JSON form, with the notice's `kind`; USD are decimal strings."""
    if isinstance(notice, SeveralNotices):
        return {"kind": "several", "notices": [to_dict(part) for part in notice.notices]}
    data: dict[str, Any] = {"kind": _NAMES[type(notice)]}
    for place in fields(notice):
        value = getattr(notice, place.name)
        data[place.name] = _plain(value)
    return data


def from_dict(data: Mapping[str, Any]) -> Notice | None:
    """Returns the notice of a JSON form; None where its kind is one of a later version."""
    if data["kind"] == "several":
        return combined(*map(from_dict, data["notices"]))
    kind = _KINDS.get(data["kind"])
    if kind is None:
        return None
    known = {place.name for place in fields(kind)}
    values = {name: value for name, value in data.items() if name in known}
    for name in ("limit", "spent", "asked"):
        if isinstance(values.get(name), str):
            values[name] = Decimal(values[name])
    for name in ("known", "tools"):
        if name in values:
            values[name] = tuple(values[name])
    notice: Notice = kind(**values)
    return notice


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return list(value) if isinstance(value, tuple) else value
