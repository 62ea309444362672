"""A model behind any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import orjson

from ...journal.plain_http import check_encrypted
from ...journal.records import Reply, Request
from ...journal.secrets import cleaner_of
from ...ledger.errors import (
    CallRefused,
    CallTimedOut,
    PolicyError,
    UsageError,
    WordingRefused,
)
from .. import text_protocol, written_calls
from ..reasoning import SpokenText
from . import clients, error_body, http_errors, wire
from .dialect import Dialect, LimitField, Structured, limit_of
from .keys import check_key
from .reply_body import ReplyBody
from .reported_errors import status_of
from .spoken import spoken_by
from .stream import StreamedReply
from .streamed_calls import StreamedCalls

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI, AsyncStream
    from openai._types import RequestOptions

OPENAI = "https://api.openai.com/v1"

_PATH = "/chat/completions"

ToolProtocol = Literal["auto", "native", "text"]


class Endpoint:
    """Asks a server for chat completions; one try per call, no retries of its own.

    Args:
        model: the model's name as the server knows it.
        base_url: the server's address up to `/v1`; None means `OPENAI_BASE_URL`, else OpenAI's.
        api_key: None means `OPENAI_API_KEY` for the servers that it belongs to (OpenAI's and
            that of `OPENAI_BASE_URL`) and `OUTLAY_API_KEY` for others.
        timeout: seconds after which a call is given up.
        max_output: tokens of output asked for where the request sets nothing.
        stream: asks for the reply piece by piece, each passed to the request's `on_text`.
        tool_protocol: `"native"` takes only calls that come as such; `"auto"` also takes those of
            tools on offer that a model writes into its text; `"text"` is for servers without
            tool calling: tools are described in the prompt and calls are read from fenced blocks.
        tokenizer: the name of the model's tokenizer. With it the log-probabilities of what is
            sampled are asked for, and from other servers than OpenAI's the token ids too (the
            field `return_token_ids` of vLLM); replies and journal keep them for training.
        dialect: how the server wants requests to be written, where that is known; None begins
            with what most take. What a server refuses is learned from its words in either case.
        http_client: an httpx2 client of one's own to send through; closed with the endpoint.
        name: how prices and reports name it; None means the model's name.
    """

    is_hosted = True

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 120.0,
        max_output: int = 4096,
        stream: bool = False,
        tool_protocol: ToolProtocol = "auto",
        tokenizer: str | None = None,
        dialect: Dialect | None = None,
        http_client: httpx2.AsyncClient | None = None,
        name: str | None = None,
    ) -> None:
        self.model = model
        self.name = name or model
        self.max_output = max_output
        self.timeout = timeout
        self.stream = stream
        self.tool_protocol = tool_protocol
        self.tokenizer = tokenizer
        url = (base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI).rstrip("/")
        self.server = address(url)
        self._writer = f"{self.server}/{model}"
        self.key_from = key_source(url)
        self._url = url + _PATH
        self._place = clients.ServerKey(url, api_key or os.environ.get(self.key_from) or None)
        self._clean = cleaner_of([self._place.key])
        first = Dialect(limit=limit_field(url, model)) if dialect is None else dialect
        self._structured: Structured = "schema" if urlsplit(url).scheme == "http" else "opening"
        self.takes_samples = tool_protocol != "text" and "n" not in first.without
        self._spoken = spoken_by(url, model, first)
        self._http_client = http_client
        self._own_client: AsyncOpenAI | None = None
        self._begins_in_thought = False

    def check(self) -> None:
        """Raises UsageError where a call could not be made: its key is missing or is not one."""
        check_key(self._place.key, self.name, self.key_from)
        if self._place.key is None and self.server == urlsplit(OPENAI).netloc:
            raise UsageError(
                f"{self.name} needs a key: set {self.key_from}, or name another server "
                "with OPENAI_BASE_URL or a model like http://host:port/v1#model"
            )
        if self._place.key is not None:
            check_encrypted(self._place.base_url, self.name)

    async def prepare(self) -> None:
        """Loads the SDK and makes the client, so that no call's time-out covers that.

        Raises:
            UsageError: as for `check`.
            CallRefused: no client can be made.
        """
        import aiohttp  # noqa: F401

        self.check()
        with http_errors.before_sending(self.server, self._clean):
            await self._client()

    async def reply(self, request: Request) -> Reply:
        """Returns the server's reply to one try of the call."""
        from openai import APIStatusError

        self.check()
        with http_errors.before_sending(self.server, self._clean):
            client = await self._client()
        asked = request
        if self.tool_protocol == "text":
            asked = text_protocol.render(request)
        dialect = self.dialect
        body = wire.encode(
            asked,
            self.model,
            self.max_output if request.max_tokens is None else request.max_tokens,
            dialect=dialect,
            structured=dialect.structured or self._structured,
            stream=self._streams(request, dialect),
            asks=self._asks(),
            server=self._writer,
        )
        limit = self.timeout if request.timeout is None else min(self.timeout, request.timeout)
        began = time.monotonic()
        try:
            reply = await self._exchange(client, body, limit, request, dialect)
        except APIStatusError as exc:
            refused = exc.response
            raise self._refusal(
                refused.status_code, refused.headers, refused.content, dialect, body
            ) from exc
        if self.tool_protocol == "text":
            reply = text_protocol.read(reply, request)
        elif self.tool_protocol == "auto":
            reply = written_calls.read(reply, request)
        return replace(reply, seconds=time.monotonic() - began)

    @property
    def dialect(self) -> Dialect:
        """How requests are written, with all that this process has learned of the server."""
        return self._spoken.current

    def _streams(self, request: Request, dialect: Dialect) -> bool:
        if dialect.streaming != "asked":
            return dialect.streaming == "always"
        counted = dialect.stops and self.tokenizer is None
        return (self.stream or request.streams or counted) and request.samples == 1

    def _asks(self) -> tuple[str, ...]:
        if self.tokenizer is None:
            return ()
        is_openai = self.server == urlsplit(OPENAI).netloc  # it refuses fields that it lacks
        return ("logprobs",) if is_openai else ("logprobs", "return_token_ids")

    async def close(self) -> None:
        """Closes a client of one's own; shared connections close with their event loop."""
        if self._http_client is not None:
            await self._http_client.aclose()

    async def _client(self) -> AsyncOpenAI:
        if self._http_client is None:
            return await clients.shared_client(self._place)
        if self._own_client is None:
            self._own_client = clients.new_client(self._place, self._http_client)
        return self._own_client

    async def _exchange(
        self,
        client: AsyncOpenAI,
        body: bytes,
        limit: float,
        request: Request,
        dialect: Dialect,
    ) -> Reply:
        import aiohttp
        import httpx2
        from openai import APIConnectionError

        options = clients.call_options(self._place, limit)
        streams = self._streams(request, dialect)
        tells = streams and (self.stream or dialect.streaming == "always")
        native = self.tool_protocol != "text"
        assembly = StreamedReply(
            self._speech(request) if tells else None,
            request.on_call if tells and native else None,
            tokenizer=self.tokenizer, server=self._writer,
            most_output=(request.max_tokens or self.max_output) * request.samples,
            calls=StreamedCalls(frozenset(t.name for t in request.tools)),
        )  # fmt: skip
        response = ReplyBody(assembly, streams)
        try:
            async with asyncio.timeout(limit):
                if streams:
                    with http_errors.writing(self.server):
                        opened = await _open_stream(client, self._url, body, options)
                    reply = await _read_stream(opened.response, response)
                    self._begins_in_thought |= assembly.begins_in_thought
                    return reply
                with http_errors.writing(self.server):
                    whole = await client.post(
                        self._url, cast_to=httpx2.Response, content=body, options=options
                    )
                response.begin(whole.headers)
                response.feed(whole.content)
                return response.end()
        except wire.UnreadableReply as exc:
            if (salvaged := assembly.salvaged()) is not None:
                return salvaged
            if isinstance(exc, wire.ReportedError):
                raise self._reported(exc, response.headers, dialect, body) from exc
            raise http_errors.unreadable(exc, self.server, self._clean) from exc
        except (APIConnectionError, httpx2.HTTPError, aiohttp.ClientError, OSError) as exc:
            if (salvaged := assembly.salvaged()) is not None:
                return salvaged
            error = http_errors.lost(exc, self.server, limit, self._clean)
            if not isinstance(error, CallTimedOut) or not streams:
                raise error from exc
            most = assembly.most_written if dialect.stops else None
            if request.streams and (left := assembly.left()) is not None:
                return replace(left, most_output=most)
            raise CallTimedOut(str(error), most_output=most) from exc

    def _speech(self, request: Request) -> SpokenText | None:
        if request.on_text is None:
            return None
        return SpokenText(request.on_text, begins_in_thought=self._begins_in_thought)

    def _reported(
        self, exc: wire.ReportedError, headers: Mapping[str, str], dialect: Dialect, body: bytes
    ) -> PolicyError:
        status = status_of(exc.body)
        if status is None or exc.has_begun:
            return http_errors.broken_off(exc, self.server, status, self._clean)
        return self._refusal(status, headers, orjson.dumps(exc.body), dialect, body)

    def _refusal(
        self,
        status: int,
        headers: Mapping[str, str],
        content: bytes,
        dialect: Dialect,
        body: bytes,
    ) -> PolicyError:
        error = http_errors.refusal(
            status, headers, content, server=self.server, model=self.model,
            key_from=self.key_from, clean=self._clean,
        )  # fmt: skip
        if not isinstance(error, CallRefused) or error.retryable:
            return error
        sent = wire.fields_of(body)
        wanted = self._spoken.learn(dialect, status, error_body.read(content), sent, self.name)
        return error if wanted is None else WordingRefused(f"{error}; sent again as {wanted}")


async def _open_stream(
    client: AsyncOpenAI, url: str, body: bytes, options: RequestOptions
) -> AsyncStream[object]:
    from openai import AsyncStream

    return await client.post(
        url,
        cast_to=object,
        content=body,
        options=options,
        stream=True,
        stream_cls=AsyncStream[object],
    )


async def _read_stream(response: httpx2.Response, body: ReplyBody) -> Reply:
    body.begin(response.headers)
    try:
        async for chunk in response.aiter_bytes():
            body.feed(chunk)
            if body.assembly.done:
                break
    finally:
        await response.aclose()
    return body.end()


def address(base_url: str) -> str:
    """Returns the host and port of a server's address.

    Raises:
        UsageError: it is not an address of the form `http(s)://HOST[:PORT]/…`.
    """
    try:
        parts = urlsplit(base_url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts.netloc.rpartition("@")[2]
    except ValueError:
        pass
    raise UsageError(f"{base_url!r} is not the address of a server: write http://HOST:PORT/v1")


def key_source(base_url: str) -> str:
    """Returns the variable that holds the key for a server: OpenAI's key goes to no other."""
    ours = {urlsplit(url).netloc for url in (OPENAI, os.environ.get("OPENAI_BASE_URL") or OPENAI)}
    return "OPENAI_API_KEY" if urlsplit(base_url).netloc in ours else "OUTLAY_API_KEY"


def limit_field(base_url: str, model: str) -> LimitField:
    """Returns how the server calls the limit on output, as far as is known beforehand."""
    return limit_of(urlsplit(base_url).netloc == urlsplit(OPENAI).netloc, model)
