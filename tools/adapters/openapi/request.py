"""One call of an OpenAPI operation: built, sent to its own server only, and read with a bound."""

from __future__ import annotations

import functools
import re
import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from ....ledger.errors import ToolError
from .credentials import Credentials
from .document import same_origin
from .operation import Operation, Parameter
from .request_body import Content, written_body
from .styles import line, pairs, percent_encoded, segment

LARGEST_ANSWER = 10_000_000
"""Bytes of an answer that are read."""

MOST_REDIRECTS = 5
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SHOWN_OF_ERROR = 2_000
_TEXTS = ("json", "text/", "xml", "yaml", "javascript", "csv", "x-www-form-urlencoded")


async def send(
    operation: Operation,
    server: str,
    arguments: Mapping[str, Any],
    carried: Credentials,
    timeout: float,
) -> str:
    """Makes the call and returns the answer as text, without secrets.

    Raises:
        ToolError: the server refused or failed, cannot be reached, or sends the call elsewhere.
    """
    try:
        request = build(operation, server, arguments, carried)
        async with httpx.AsyncClient(verify=_tls(), timeout=timeout) as client:
            return carried.blot(await _answer(client, request))
    except ToolError as exc:
        raise ToolError(carried.blot(str(exc))) from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, UnicodeEncodeError) as exc:
        said = carried.blot(str(exc) or type(exc).__name__)
        raise ToolError(f"the server could not be reached: {said}") from None


def build(
    operation: Operation, server: str, arguments: Mapping[str, Any], carried: Credentials
) -> httpx.Request:
    """Returns the request of a call.

    Raises:
        ToolError: a value cannot be put where it belongs.
    """
    headers = {"User-Agent": "outlay", "Accept": operation.accept, **carried.headers}
    query = [(name, percent_encoded(value)) for name, value in carried.query.items()]
    cookies = list(carried.cookies.items())
    for parameter in operation.parameters:
        value = arguments.get(parameter.argument)
        if parameter.place == "path" or value is None or _is_set(parameter, carried):
            continue
        if parameter.place == "query":
            added = pairs(parameter.name, value, parameter.style)
            query += [pair for pair in added if pair[0] not in carried.query]
        elif parameter.place == "header":
            headers = _with_header(headers, parameter, value)
        else:
            cookies += [
                (percent_encoded(name), text)
                for name, text in pairs(parameter.name, value, parameter.style)
                if name not in carried.cookies
            ]
    content = Content()
    if operation.body is not None and operation.body.argument in arguments:
        content = written_body(operation.body, arguments[operation.body.argument])
    if content.media_type is not None:
        headers["Content-Type"] = content.media_type
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies)
    headers["Accept-Encoding"] = "identity"  # a small answer could unpack to a huge one
    return httpx.Request(
        operation.method.upper(), _url(operation, server, arguments, query), headers=headers,
        content=content.content, files=content.files,
    )  # fmt: skip


def _url(
    operation: Operation, server: str, arguments: Mapping[str, Any], query: list[tuple[str, str]]
) -> httpx.URL:
    segments = {
        parameter.name: _segment(parameter, arguments.get(parameter.argument))
        for parameter in operation.parameters
        if parameter.place == "path"
    }
    filled = _PLACEHOLDER.sub(lambda found: segments[found[1]], operation.path)
    path, _, own_query = filled.partition("?")
    if any(piece in (".", "..") for piece in path.split("/")):
        raise ToolError("the path leads to another one: the call is not made")
    written = [own_query] if own_query else []
    written += [f"{percent_encoded(name)}={value}" for name, value in query]
    url = httpx.URL(f"{server}{path}{'?' if written else ''}{'&'.join(written)}")
    if not same_origin(str(url), server):
        raise ToolError("the path leads to another server: the call is not made")
    return url


def _is_set(parameter: Parameter, carried: Credentials) -> bool:
    """True where a credential stands: a policy may not replace it."""
    if parameter.place == "header":
        return parameter.name.lower() in {name.lower() for name in carried.headers}
    return parameter.name in (carried.query if parameter.place == "query" else carried.cookies)


def _segment(parameter: Parameter, value: Any) -> str:
    if value in ("", ".", "..", [], {}, None):
        raise ToolError(f"{parameter.argument!r} must not be {value!r}: it is part of a path")
    return segment(parameter.name, value, parameter.style)


def _with_header(headers: dict[str, str], parameter: Parameter, value: Any) -> dict[str, str]:
    text = line(value, parameter.style)
    if not text.isprintable() or not text.isascii():
        raise ToolError(f"{parameter.argument!r} must be plain text in one line")
    others = {
        name: told for name, told in headers.items() if name.lower() != parameter.name.lower()
    }
    return {**others, parameter.name: text}


async def _answer(client: httpx.AsyncClient, request: httpx.Request) -> str:
    home = _origin(request.url)
    for _ in range(MOST_REDIRECTS + 1):
        response = await client.send(request, stream=True)
        try:
            if not response.has_redirect_location:
                return await _read(response)
            target = request.url.join(response.headers["location"])
        finally:
            await response.aclose()
        if _origin(target) != home:
            raise ToolError(f"the server sends the call elsewhere, to {target.host}: not followed")
        if request.method not in ("GET", "HEAD"):
            raise ToolError(
                f"HTTP {response.status_code}: the server sends a {request.method} on: not followed"
            )
        request = httpx.Request(request.method, target, headers=request.headers)
    raise ToolError(f"the server sends the call on more than {MOST_REDIRECTS} times")


async def _read(response: httpx.Response) -> str:
    kind = response.headers.get("content-type", "").lower()
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ToolError("the answer is compressed, though that was not asked for")
    data = bytearray()
    async for piece in response.aiter_raw():
        data += piece
        if len(data) > LARGEST_ANSWER:
            raise ToolError(f"the answer has more than {LARGEST_ANSWER:,} bytes")
    is_text = not kind or any(mark in kind for mark in _TEXTS)
    text = data.decode("utf-8", "replace") if is_text else f"[{kind}, {len(data):,} bytes]"
    if response.status_code >= 400:
        raise ToolError(f"HTTP {response.status_code}: {text[:_SHOWN_OF_ERROR] or 'no text'}")
    return text or f"(HTTP {response.status_code}, no content)"


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
