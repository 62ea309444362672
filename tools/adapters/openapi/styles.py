"""Values as text, in the styles of OpenAPI: in a path, a query, a form, a header or a cookie.

What RFC 6570 and OpenAPI leave open is written so: members of members are JSON, except under
`deepObject`, where they are `name[key][0]`; null is not written.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from .operation import Style

Encode = Callable[[str], str]
Pair = tuple[str, str]

_RESERVED = ":/?@!$'()*,;"
"""What `allowReserved` leaves alone; the others would end the value or the query."""
_DELIMITERS = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}


def text_of(value: Any) -> str:
    """Returns a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else as_json(value)


def as_json(value: Any) -> str:
    """Returns JSON on one line; integers keep all their digits."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def percent_encoded(text: str, *, reserved: bool = False) -> str:
    """Returns text for a URL."""
    return quote(text, safe=_RESERVED if reserved else "")


def pairs(name: str, value: Any, style: Style, encode: Encode | None = None) -> list[Pair]:
    """Returns the pairs of a query or a form: names as they are, values encoded."""
    encode = encode or functools.partial(percent_encoded, reserved=style.reserved)
    if style.kind == "json":
        return [(name, encode(as_json(value)))]
    if style.kind == "deepObject":
        return [(place, encode(text_of(each))) for place, each in _deep(name, value)]
    if isinstance(value, dict):
        members = [(key, each) for key, each in value.items() if each is not None]
        if style.explode:
            return [(key, encode(text_of(each))) for key, each in members]
        flat = [text for key, each in members for text in (key, text_of(each))]
        return _delimited(name, flat, style, encode)
    if isinstance(value, list):
        texts = [text_of(each) for each in value if each is not None]
        if style.explode:
            return [(name, encode(text)) for text in texts]
        return _delimited(name, texts, style, encode)
    return [(name, encode(text_of(value)))]


def segment(name: str, value: Any, style: Style) -> str:
    """Returns the piece of a path that a value fills, encoded."""
    encode = percent_encoded
    if style.kind == "json":
        return encode(as_json(value))
    if style.kind == "label":
        return "." + _joined(value, style.explode, encode, apart="." if style.explode else ",")
    if style.kind == "matrix":
        return _matrix(name, value, style)
    return _joined(value, style.explode, encode)


def line(value: Any, style: Style) -> str:
    """Returns the value of a header."""
    return as_json(value) if style.kind == "json" else _joined(value, style.explode, str)


def _delimited(name: str, texts: list[str], style: Style, encode: Encode) -> list[Pair]:
    delimiter = _DELIMITERS.get(style.kind, ",")
    return [(name, delimiter.join(encode(text) for text in texts))] if texts else []


def _deep(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _deep(f"{name}[{key}]", each)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _deep(f"{name}[{index}]", each)
    elif value is not None:
        yield name, value


def _matrix(name: str, value: Any, style: Style) -> str:
    encode = percent_encoded
    if style.explode and isinstance(value, dict):
        return "".join(f";{encode(key)}={encode(text_of(each))}" for key, each in value.items())
    if style.explode and isinstance(value, list):
        return "".join(f";{encode(name)}={encode(text_of(each))}" for each in value)
    return f";{encode(name)}={_joined(value, False, encode)}"


def _joined(value: Any, explode: bool, encode: Encode, apart: str = ",") -> str:
    if isinstance(value, list):
        return apart.join(encode(text_of(each)) for each in value)
    if isinstance(value, dict):
        between = "=" if explode else apart
        return apart.join(
            f"{encode(key)}{between}{encode(text_of(each))}" for key, each in value.items()
        )
    return encode(text_of(value))
