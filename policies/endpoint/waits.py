"""How long a server asks to wait before the next try, in all the forms that servers use."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .error_body import ErrorBody

_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhd])", re.I)
_SPAN = re.compile(rf"(?:{_PART.pattern}\s*)+", re.I)
_IN_WORDS = re.compile(
    r"(?:try again|retry|wait)\b[^.\d]{0,20}?\s(?:(?:in|after|for)\s)?"
    r"(\d+(?:\.\d+)?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h)(?![a-z])"
    r"((?:\s*\d+(?:\.\d+)?\s*(?:ms|[smh])(?![a-z]))*)",
    re.I,
)
_RESET = re.compile(r"(?:x-)?(?:\w+-)?ratelimit-(?:reset(?:-(\w+))?|(\w+)-reset)")
_YEAR_2000 = 946_684_800.0


def retry_after(
    headers: Mapping[str, str], now: float | None = None, body: ErrorBody | None = None
) -> float | None:
    """Returns the seconds that the server asks to wait, or None where it does not say.

    `retry-after` counts before what the body says, and that before the resets of rate limits.
    """
    now = time.time() if now is None else now
    places = [headers, *([body.headers] if body and body.headers else [])]
    for place in places:
        if (asked := _asked(place, now)) is not None:
            return asked
    for delay in body.delays if body else ():
        if (seconds := _number(delay)) is not None or (seconds := span(delay)) is not None:
            return seconds
    if body and (told := _IN_WORDS.search(body.text)):
        unit = told[2].lower()
        short = "ms" if unit.startswith(("ms", "mil")) else unit[0]
        return span(f"{told[1]}{short}{told[3]}")
    for place in places:
        if resets := list(_resets(place, now)):
            used_up = [seconds for seconds, is_used_up in resets if is_used_up]
            return max(used_up) if used_up else min(seconds for seconds, _ in resets)
    return None


def span(text: str) -> float | None:
    """Returns the seconds of text such as `1.5s`, `6m0s` or `20ms`, None for any other."""
    if not _SPAN.fullmatch(text.strip()):
        return None
    seconds = sum(float(part[1]) * _UNIT[part[2].lower()] for part in _PART.finditer(text))
    return seconds if math.isfinite(seconds) else None


def _asked(headers: Mapping[str, str], now: float) -> float | None:
    if (wait := _number(headers.get("retry-after-ms"))) is not None:
        return wait / 1000
    value = headers.get("retry-after")
    if (wait := _number(value)) is not None:
        return wait
    if (wait := span(value or "")) is not None:
        return wait
    try:
        return max(0.0, parsedate_to_datetime(value or "").timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _resets(headers: Mapping[str, str], now: float) -> Iterator[tuple[float, bool]]:
    """Yields the seconds until each limit is reset, and whether nothing is left of it."""
    for name, value in headers.items():
        found = _RESET.fullmatch(name.lower())
        if found is None or (seconds := _until(value, now)) is None or seconds <= 0:
            continue
        remaining = name.lower().replace("reset", "remaining")
        yield seconds, _number(headers.get(remaining)) == 0


def _until(value: str, now: float) -> float | None:
    """Returns the seconds until a moment: a span, a number of seconds, an epoch or a date."""
    number = _number(value)
    if number is not None:
        if number >= _YEAR_2000 * 1000:
            number /= 1000
        return number - now if number >= _YEAR_2000 else number
    if (seconds := span(value)) is not None:
        return seconds
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _number(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
