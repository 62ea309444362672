"""One call of an OpenAPI operation: built, sent to its own server only, and read with a bound."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from ...ledger.errors import ToolError
from .credentials import Credentials
from .openapi_document import Operation, Parameter, same_origin

LARGEST_ANSWER = 10_000_000
"""Bytes of an answer that are read."""

MOST_REDIRECTS = 5
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
    path, query = operation.path, list(carried.query.items())
    headers, cookies = dict(carried.headers), dict(carried.cookies)
    for parameter in operation.parameters:
        value = arguments.get(parameter.argument)
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", _segment(parameter, value))
        elif value is None or _is_set(parameter, carried):
            continue
        elif parameter.place == "query":
            query.extend(pair for pair in _pairs(parameter, value) if pair[0] not in carried.query)
        elif parameter.place == "header":
            headers[parameter.name] = _line(parameter, value)
        elif parameter.place == "cookie":
            cookies[parameter.name] = quote(_joined(value), safe="")
    content = None
    if operation.body is not None and operation.body_argument in arguments:
        content = orjson.dumps(arguments[operation.body_argument])
        headers["Content-Type"] = operation.body_type
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    headers["Accept-Encoding"] = "identity"  # a small answer could unpack to a huge one
    url = httpx.URL(f"{server}{path}")
    if not same_origin(str(url), server):
        raise ToolError("the path leads to another server: the call is not made")
    for name, value in query:
        url = url.copy_add_param(name, value)
    return httpx.Request(operation.method.upper(), url, headers=headers, content=content)


def _is_set(parameter: Parameter, carried: Credentials) -> bool:
    """True where a credential stands: a policy may not replace it."""
    if parameter.place == "header":
        return parameter.name.lower() in {name.lower() for name in carried.headers}
    return parameter.name in (carried.query if parameter.place == "query" else carried.cookies)


def _segment(parameter: Parameter, value: Any) -> str:
    text = _joined(value)
    if text in ("", ".", ".."):
        raise ToolError(f"{parameter.argument!r} must not be {text!r}: it is part of a path")
    return quote(text, safe="")


def _line(parameter: Parameter, value: Any) -> str:
    text = _joined(value)
    if not text.isprintable() or not text.isascii():
        raise ToolError(f"{parameter.argument!r} must be plain text in one line")
    return text


def _pairs(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict) and parameter.deep:
        return [(f"{parameter.name}[{key}]", _joined(each)) for key, each in value.items()]
    if isinstance(value, dict) and parameter.explode:
        return [(key, _joined(each)) for key, each in value.items()]
    if isinstance(value, list) and parameter.explode:
        return [(parameter.name, _joined(each)) for each in value]
    return [(parameter.name, _joined(value))]


def _joined(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(_joined(each) for each in value)
    if isinstance(value, dict):
        return ",".join(f"{key},{_joined(each)}" for key, each in value.items())
    return orjson.dumps(value).decode()


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
