"""Notices as the journal keeps them: their `kind` and their fields; USD are decimal strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, TypeVar

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
    combined,
)

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
    "answer_checked": AnswerChecked,
    "unchanged_plan": UnchangedPlan,
    "call_target": CallTargetReached,
    "nothing_done": NothingDone,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}

_SomeNotice = TypeVar("_SomeNotice", bound=Notice)


def cleaned(notice: _SomeNotice, clean: Callable[[str], str]) -> _SomeNotice:
    """Returns the notice with `clean` applied to each of its texts."""
    changed: dict[str, Any] = {}
    for place in fields(notice):
        value = getattr(notice, place.name)
        if isinstance(value, str | tuple):
            changed[place.name] = _cleaned(value, clean)
    return replace(notice, **changed)


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_cleaned(part, clean) for part in value)
    return clean(value) if isinstance(value, str) else cleaned(value, clean)


def notice_to(notice: Notice) -> dict[str, Any]:
    """Returns the JSON form, with the notice's `kind`; USD are decimal strings."""
    if isinstance(notice, SeveralNotices):
        return {"kind": "several", "notices": [notice_to(part) for part in notice.notices]}
    data: dict[str, Any] = {"kind": _NAMES[type(notice)]}
    for place in fields(notice):
        value = getattr(notice, place.name)
        data[place.name] = _plain(value)
    return data


def notice_from(data: Mapping[str, Any]) -> Notice | None:
    """Returns the notice of a JSON form; None where its kind is one of a later version."""
    if data["kind"] == "several":
        return combined(*map(notice_from, data["notices"]))
    kind = _KINDS.get(data["kind"])
    if kind is None:
        return None
    known = {place.name for place in fields(kind)}
    values = {name: value for name, value in data.items() if name in known}
    for name in ("limit", "spent", "asked"):
        if isinstance(values.get(name), str):
            values[name] = Decimal(values[name])
    for name, value in values.items():
        values[name] = _tuples(value)
    notice: Notice = kind(**values)
    return notice


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
