"""Headers and cookies that an OpenAPI document may not declare: they frame and route a request."""

from __future__ import annotations

import re

from .operation import Operation

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_THEIRS = frozenset({
    "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "cookie",
    "cookie2", "date", "expect", "forwarded", "host", "http2-settings", "keep-alive", "origin",
    "referer", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via",
    "x-http-method", "x-http-method-override", "x-method-override", "x-original-host",
    "x-original-url", "x-rewrite-url",
})  # fmt: skip
_BEGIN = ("proxy-", "sec-", "x-forwarded-", "x-amz-security-", "x-real-")


def forbidden(operation: Operation) -> str | None:
    """Returns the first parameter of an operation that is not the document's to set, or None."""
    for parameter in operation.parameters:
        if parameter.place == "header" and is_framing(parameter.name):
            return parameter.name
        if parameter.place in ("header", "cookie") and not is_name(parameter.name):
            return parameter.name
    return None


def is_framing(name: str) -> bool:
    """True for a header that frames or routes requests; servers take `_` for `-`."""
    plain = name.strip().lower().replace("_", "-")
    return plain in _NOT_THEIRS or plain.startswith(_BEGIN)


def is_name(name: str) -> bool:
    """True if the text can be the name of a header or a cookie."""
    return _TOKEN.fullmatch(name) is not None
