"""What a foreign event must be like to enter a journal: whole, typed, no sum negative."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from ...ledger.errors import OutlayError
from ...ledger.resources import recorded_quantity
from ...ledger.usage import CLASSES
from ..codec import budget_from, message_from, observation_from
from ..events import JUDGEMENT, Event, Kind
from ..record.recorded_events import RecordedEnd, RecordedResume, RecordedScore, RecordedStart

_KINDS = frozenset(get_args(Kind)) - {"text"}
_COUNTS = ("input_tokens", "output_tokens", "calls", "attempt", "max_tokens", *CLASSES)
_MOST_USD = Decimal(10) ** 12
_MOST_PLACES = 60
_MOST = 2**53
_LONGEST_ID = 300


class _Broken(Exception):
    """What is wrong with an event."""


def fault_of(data: Mapping[str, Any], journal: str) -> str | None:
    """Returns what is wrong with an event that others have written, or None.

    Args:
        data: a line of a journal, read.
        journal: the journal that it is said to be of.
    """
    try:
        _check_common(data, journal)
        _check_amounts(data)
        _READERS.get(data["kind"], _nothing)(Event.from_dict(dict(data)))
    except _Broken as broken:
        return str(broken)
    except (OutlayError, KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return f"its fields make no sense ({type(error).__name__})"
    return None


def _check_common(data: Mapping[str, Any], journal: str) -> None:
    name, _, line = _text(data, "id").rpartition(":")
    if name != journal or not line.isdecimal():
        raise _Broken("its id is not of its journal")
    _text(data, "run")
    _text(data, "key")
    if (data["kind"] == "journal") != (data["run"] == ""):
        raise _Broken("its run and its kind do not go together")
    if data["kind"] not in _KINDS:
        raise _Broken("its kind is not known")
    _count("seq", data["seq"], least=JUDGEMENT)
    for clock in ("t", "at"):
        _seconds(clock, data[clock])


def _check_amounts(data: Mapping[str, Any]) -> None:
    for name in _COUNTS:
        if data.get(name) is not None:
            _count(name, data[name])
    if data.get("usd") is not None:
        _usd("usd", data["usd"])
    for part in (data.get("usd_by_class") or {}).values():
        if part is not None:
            _usd("usd_by_class", part)
    if data.get("seconds") is not None:
        _seconds("seconds", data["seconds"])
    for limits in (data.get("budget"), data.get("add"), (data.get("fork") or {}).get("spent")):
        for name, value in (limits or {}).items():
            _limit(name, value)


def _limit(name: str, value: Any) -> None:
    if name == "seconds":
        _seconds(name, float(value))
    elif isinstance(quantity := recorded_quantity(name, value), Decimal):
        _usd(name, str(quantity))
    else:
        _count(name, quantity)


def _usd(name: str, value: Any) -> None:
    try:
        usd = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        usd = Decimal("NaN")
    exponent = usd.as_tuple().exponent
    if not usd.is_finite() or not isinstance(exponent, int) or abs(exponent) > _MOST_PLACES:
        raise _Broken(f"{name} is no sum of money")
    if not 0 <= usd <= _MOST_USD:
        raise _Broken(f"{name} is not from 0 to {_MOST_USD:,} USD")


def _count(name: str, value: Any, *, least: int = 0) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        raise _Broken(f"{name} is no count")


def _seconds(name: str, value: Any) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not 0 <= value <= _MOST:
        raise _Broken(f"{name} is no number of seconds")


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data[name]
    if not isinstance(value, str) or len(value) > _LONGEST_ID or not value.isprintable():
        raise _Broken(f"its {name} is no plain text of one line")
    return value


def _nothing(event: Event) -> None:
    return None


def _start(event: Event) -> None:
    start = RecordedStart.of(event)
    if start.fork is not None and (start.fork.run == event.run or start.fork.step < 0):
        raise _Broken("it is forked from itself")
    budget_from(event.body.get("budget") or {})


def _resume(event: Event) -> None:
    cut = RecordedResume.of(event).cut
    if cut is not None:
        _count("cut", cut)


def _hold(event: Event) -> None:
    body = event.body
    if body["call"] not in ("model", "tool"):
        raise _Broken("it holds for neither a model nor a tool")
    _named(body, "hold", "name")
    if body["call"] == "model":
        _count("input_tokens", body["input_tokens"])
        _count("output_tokens", body["output_tokens"])
    request = body.get("request")
    if request is not None:
        _count("keep", request["keep"])
        for message in request["new"]:
            message_from(message)


def _end(event: Event) -> None:
    _named(event.body, "hold")
    if event.body.get("observation"):
        observation_from(event)
    if event.body.get("reply"):
        message_from(event.body["reply"]["message"])


def _observed(event: Event) -> None:
    _named(event.body, "name", "arguments")
    observation_from(event)


def _named(body: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if not isinstance(body[name], str):
            raise _Broken(f"its {name} is no text")


_READERS: Mapping[str, Callable[[Event], object]] = {
    "run_started": _start,
    "run_resumed": _resume,
    "run_ended": RecordedEnd.of,
    "scored": RecordedScore.of,
    "hold": _hold,
    "settle": _end,
    "release": _end,
    "unknown": _end,
    "observed": _observed,
}
