"""What the body of an error says: its reasons, codes and waits, in whatever form it has.

Servers put reasons into `message`, `detail`, `errors`, lists of either, JSON inside texts
(`metadata.raw`), plain text or web pages. Nothing here knows which server it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

_REASONS = (
    "message", "msg", "Message", "error", "errors", "detail", "details", "error_description",
    "error_msg", "errorMessage", "status_msg", "reason", "title", "metadata", "raw", "base_resp",
    "cause",
)  # fmt: skip
"""Fields that say why, the first is told first."""
_CODES = ("code", "type", "error_type", "reason", "status")
_DEEPEST = 8
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.I | re.S)
_PAGE = re.compile(r"\s*<(!doctype|html|head|body|\?xml)", re.I)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)


@dataclass(frozen=True)
class ErrorBody:
    """What an error says."""

    text: str = ""
    """Its reasons, each once, in one line."""
    codes: frozenset[str] = frozenset()
    """Its codes and types."""
    params: frozenset[str] = frozenset()
    """The names of the fields of the request that it is about."""
    delays: tuple[str, ...] = ()
    """How long to wait, as the body says it in fields of its own (`retryDelay`)."""
    headers: Mapping[str, str] | None = None
    """Headers of the upstream server that the body repeats."""


def read(raw: bytes) -> ErrorBody:
    """Returns what the body of an error says."""
    try:
        data: object = orjson.loads(raw)
    except orjson.JSONDecodeError:
        data = raw.decode("utf-8", "replace")
    return of(data)


def of(data: object) -> ErrorBody:
    """Returns what a parsed body of an error says."""
    objects = list(_objects(data, 0))
    headers = [found for each in objects if isinstance(found := each.get("headers"), Mapping)]
    return ErrorBody(
        _joined(_reasons(data, 0)),
        frozenset(
            code for each in objects for name in _CODES if isinstance(code := each.get(name), str)
        ),
        frozenset(param for each in objects for param in _params(each)),
        tuple(
            str(delay)
            for each in objects
            for name in ("retryDelay", "retry_after", "retry_after_seconds")
            if isinstance(delay := each.get(name), str | int | float)
        ),
        {str(name).lower(): str(value) for name, value in headers[0].items()} if headers else None,
    )


def _reasons(data: object, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(data, str):
        inner = _json(data)
        if inner is None:
            yield _plain(data)
        else:
            yield from _reasons(inner, depth + 1)
    elif isinstance(data, list):
        for entry in data:
            yield from _reasons(entry, depth + 1)
    elif isinstance(data, Mapping):
        place = ".".join(str(step) for step in _location(data))
        named = [data[name] for name in _REASONS if data.get(name) not in (None, "", [], {})]
        for found in named:
            for reason in _reasons(found, depth + 1):
                yield f"{place}: {reason}" if place and place not in reason else reason
        if depth == 0 and data and not any(True for found in named for _ in _reasons(found, 1)):
            yield orjson.dumps(data, default=str).decode()


def _joined(reasons: Iterator[str]) -> str:
    told: list[str] = []
    for reason in reasons:
        if reason and not any(reason in earlier for earlier in told):
            told.append(reason)
    return "; ".join(told)


def _plain(text: str) -> str:
    if _PAGE.match(text):
        title = _TITLE.search(text)
        text = _MARKUP.sub(" ", title[1] if title and title[1].strip() else text)
    return " ".join(text.split())


def _objects(data: object, depth: int) -> Iterator[Mapping[str, Any]]:
    """Yields every object in a body, those inside texts too."""
    if depth > _DEEPEST:
        return
    if isinstance(data, str):
        data = _json(data)
    if isinstance(data, Mapping):
        yield data
        for value in data.values():
            yield from _objects(value, depth + 1)
    elif isinstance(data, list):
        for entry in data:
            yield from _objects(entry, depth + 1)


def _params(error: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(param := error.get("param"), str) and param:
        yield param
    if place := _location(error):
        yield ".".join(map(str, place))


def _location(error: Mapping[str, Any]) -> list[object]:
    """Returns where in the request an error of pydantic is."""
    place = error.get("loc")
    return [step for step in place if step != "body"] if isinstance(place, list) else []


def _json(text: str) -> object:
    """Returns the object or list that a text is in JSON, else None."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
