"""Gemini behind the seam of policies."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from ...journal.records import Reply, Request
from ...ledger.errors import PolicyError, UsageError
from ..endpoint import clients, http_errors
from ..endpoint.endpoint import address
from ..endpoint.stream import SseParser
from ..endpoint.wire import UnreadableReply, loads
from . import errors, wire
from .stream import StreamedResponse, StreamError

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai._types import RequestOptions

GOOGLE = "https://generativelanguage.googleapis.com"

_VERSION = "v1"
"""Of the API, as in Google's own SDK."""
_KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
"""Where the key comes from: the first that is set, as in Google's own SDK."""


class Gemini:
    """Asks Google's Gemini API in its own format; one try per call, no retries of its own.

    Args:
        model: the model's name, e.g. `gemini-3-flash`.
        base_url: the server's address, with the version of the API (`…/v1beta`) where it shall
            not be v1; None means `GOOGLE_GEMINI_BASE_URL`, else Google's.
        api_key: None means `GOOGLE_API_KEY`, else `GEMINI_API_KEY`.
        timeout: seconds after which a call is given up.
        max_output: tokens of output asked for where the request sets nothing, thoughts included.
        stream: asks for the reply piece by piece, each passed to the request's `on_text`.
        thinking_budget: tokens for thoughts, 0 for none; it is kept below three quarters of what
            a call may write. None leaves it to the model.
        thinking_level: `low`, `medium` or `high`, for models that take that instead.
        name: how prices and reports name it; None means `google/` and the model's name.

    Raises:
        UsageError: the thinking budget leaves no room for an answer.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 120.0,
        max_output: int = 4096,
        stream: bool = False,
        thinking_budget: int | None = None,
        thinking_level: str | None = None,
        name: str | None = None,
    ) -> None:
        self.model = model.removeprefix("models/")
        self.name = name or f"google/{self.model}"
        self.timeout = timeout
        self.max_output = max_output
        self.stream = stream
        if thinking_budget is not None and thinking_budget >= max_output:
            raise UsageError(
                f"{self.name}: thinking_budget={thinking_budget} leaves no room for an answer: "
                f"it must be below max_output={max_output}"
            )
        self.headroom = max(thinking_budget or 0, 0)
        self._thinking_budget = thinking_budget
        self._thinking_level = thinking_level
        url = (base_url or os.environ.get("GOOGLE_GEMINI_BASE_URL") or GOOGLE).rstrip("/")
        self.server = address(url)
        self._key = api_key or next(filter(None, map(os.environ.get, _KEYS)), None)
        self._place = clients.ServerKey(url, None)
        versioned = url if re.search(r"/v\d\w*$", url) else f"{url}/{_VERSION}"
        self._url = f"{versioned}/models/{self.model}:"

    def check(self) -> None:
        """Raises UsageError where a call could not be made for want of a key."""
        if self._key is None:
            raise UsageError(f"{self.name} needs a key: set {' or '.join(_KEYS)}")
        if not self._key.isascii() or not self._key.isprintable() or " " in self._key:
            raise UsageError(
                f"the key of {self.name} has a blank, a line break or another character that no "
                f"key has: set {' or '.join(_KEYS)} anew"
            )

    async def reply(self, request: Request) -> Reply:
        """Returns the model's reply to one try of the call."""
        self.check()
        most = self.max_output if request.max_tokens is None else request.max_tokens
        body = wire.encode(request, self.model, most, self._thinking(most))
        limit = self.timeout if request.timeout is None else min(self.timeout, request.timeout)
        client = await clients.shared_client(self._place)
        began = time.monotonic()
        reply = await self._exchange(client, body, limit, request)
        return replace(reply, seconds=time.monotonic() - began)

    async def close(self) -> None:
        """Does nothing: shared connections close with their event loop."""

    def _thinking(self, most: int) -> Mapping[str, Any] | None:
        if self._thinking_level is not None:
            return {"thinkingLevel": self._thinking_level.upper()}
        if self._thinking_budget is None:
            return None
        return {"thinkingBudget": min(self._thinking_budget, most * 3 // 4)}

    async def _exchange(
        self, client: AsyncOpenAI, body: bytes, limit: float, request: Request
    ) -> Reply:
        import aiohttp
        import httpx2
        from openai import APIConnectionError, APIStatusError

        told = (request.on_text, request.on_call) if self.stream else ()
        assembly = StreamedResponse(*told)
        options = clients.call_options(self._place, limit)
        options["headers"] = {
            **options.get("headers", {}), "x-goog-api-key": self._key or "", "User-Agent": "outlay",
        }  # fmt: skip
        try:
            async with asyncio.timeout(limit):
                if self.stream:
                    return await self._stream(client, body, options, assembly)
                response = await client.post(
                    self._url + "generateContent",
                    cast_to=httpx2.Response, content=body, options=options,
                )  # fmt: skip
                return _read(response.content, assembly)
        except APIStatusError as exc:
            raw = exc.response.content
            raise self._refusal(exc.response.status_code, exc.response.headers, raw) from exc
        except StreamError as exc:
            status = errors.status_of(exc.body)
            if status is not None and not assembly.begun:
                raise self._refusal(status, {}, orjson.dumps(exc.body)) from exc
            if assembly.finished:
                return assembly.reply()
            raise http_errors.unreadable(UnreadableReply(str(exc)), self.server) from exc
        except UnreadableReply as exc:
            if assembly.finished:
                return assembly.reply()
            raise http_errors.unreadable(exc, self.server) from exc
        except (APIConnectionError, httpx2.HTTPError, aiohttp.ClientError, OSError) as exc:
            if assembly.finished:
                return assembly.reply()
            raise http_errors.lost(exc, self.server, limit) from exc

    async def _stream(
        self, client: AsyncOpenAI, body: bytes, options: RequestOptions, assembly: StreamedResponse
    ) -> Reply:
        from openai import AsyncStream

        stream = await client.post(
            self._url + "streamGenerateContent?alt=sse",
            cast_to=object, content=body, options=options,
            stream=True, stream_cls=AsyncStream[object],
        )  # fmt: skip
        events = SseParser()
        try:
            if "json" in stream.response.headers.get("content-type", ""):
                return _read(await stream.response.aread(), assembly)
            async for chunk in stream.response.aiter_bytes():
                for data in events.feed(chunk):
                    _add(assembly, data)
            for data in events.end():
                _add(assembly, data)
        finally:
            await stream.response.aclose()
        if not assembly.finished:
            raise UnreadableReply("the stream was cut before its end")
        return assembly.reply()

    def _refusal(self, status: int, headers: Mapping[str, str], raw: bytes) -> PolicyError:
        if self._key:
            raw = raw.replace(self._key.encode(), b"(key)")
        return errors.refusal(
            status, headers, raw, server=self.server, model=self.model,
            key_from=" or ".join(_KEYS),
        )  # fmt: skip


def _read(raw: bytes, assembly: StreamedResponse) -> Reply:
    data = loads(raw)
    for piece in data if isinstance(data, list) else [data]:  # a stream that is no event stream
        assembly.add(piece)
    return assembly.reply()


def _add(assembly: StreamedResponse, data: bytes) -> None:
    if data.strip():
        assembly.add(loads(data))
