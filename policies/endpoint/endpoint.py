"""A model behind any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import os
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from ...journal.plain_http import check_encrypted
from ...journal.records import Reply, Request
from ...journal.secrets import cleaner_of
from ...ledger.errors import PolicyError, UsageError
from .. import text_protocol
from . import clients, http_errors, wire
from .stream import SseParser, StreamedReply

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI
    from openai._types import RequestOptions

OPENAI = "https://api.openai.com/v1"

_PATH = "/chat/completions"
_TAKES_MAX_TOKENS = re.compile(r"(ft:)?(gpt-3\.5|gpt-4|chatgpt)")

ToolProtocol = Literal["native", "text"]


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
        tool_protocol: `"text"` for servers without tool calling: tools are described in the
            prompt and calls are read from fenced blocks in the reply.
        tokenizer: the name of the model's tokenizer. With it the log-probabilities of what is
            sampled are asked for, and from other servers than OpenAI's the token ids too (the
            field `return_token_ids` of vLLM); replies and journal keep them for training.
        http_client: an httpx2 client of one's own to send through; closed with the endpoint.
        name: how prices and reports name it; None means the model's name.
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
        tool_protocol: ToolProtocol = "native",
        tokenizer: str | None = None,
        http_client: httpx2.AsyncClient | None = None,
        name: str | None = None,
    ) -> None:
        self.model = model
        self.name = name or model
        self.max_output = max_output
        self.timeout = timeout
        self.stream = stream
        self.takes_samples = tool_protocol == "native"
        self.tool_protocol = tool_protocol
        self.tokenizer = tokenizer
        url = (base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI).rstrip("/")
        self.server = address(url)
        self.key_from = key_source(url)
        self._url = url + _PATH
        self._place = clients.ServerKey(url, api_key or os.environ.get(self.key_from) or None)
        self._clean = cleaner_of([self._place.key])
        self._limit_field = limit_field(url, model)
        self._http_client = http_client
        self._own_client: AsyncOpenAI | None = None

    def check(self) -> None:
        """Raises UsageError where a call could not be made for want of a key."""
        if self._place.key is None and self.server == urlsplit(OPENAI).netloc:
            raise UsageError(
                f"{self.name} needs a key: set {self.key_from}, or name another server "
                "with OPENAI_BASE_URL or a model like http://host:port/v1#model"
            )
        if self._place.key is not None:
            check_encrypted(self._place.base_url, self.name)

    async def reply(self, request: Request) -> Reply:
        """Returns the server's reply to one try of the call."""
        self.check()
        client = await self._client()
        asked = request
        if self.tool_protocol == "text":
            asked = text_protocol.render(request)
        body = wire.encode(
            asked,
            self.model,
            self.max_output if request.max_tokens is None else request.max_tokens,
            limit_field=self._limit_field,
            stream=self._streams(request),
            asks=self._asks(),
            server=self.server,
        )
        limit = self.timeout if request.timeout is None else min(self.timeout, request.timeout)
        began = time.monotonic()
        reply = await self._exchange(client, body, limit, request)
        if self.tool_protocol == "text":
            reply = text_protocol.read(reply, request)
        return replace(reply, seconds=time.monotonic() - began)

    def _streams(self, request: Request) -> bool:
        return self.stream and request.samples == 1

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
        self, client: AsyncOpenAI, body: bytes, limit: float, request: Request
    ) -> Reply:
        import aiohttp
        import httpx2
        from openai import APIConnectionError, APIStatusError

        options = clients.call_options(self._place, limit)
        native = self.tool_protocol == "native"
        assembly = StreamedReply(
            request.on_text, request.on_call if native else None, tokenizer=self.tokenizer,
            server=self.server,
        )  # fmt: skip
        try:
            async with asyncio.timeout(limit):
                if self._streams(request):
                    return await _stream(client, self._url, body, options, assembly)
                response = await client.post(
                    self._url, cast_to=httpx2.Response, content=body, options=options
                )
                return wire.decode(response.content, self.tokenizer, self.server)
        except APIStatusError as exc:
            raise self._refusal(exc.response) from exc
        except wire.UnreadableReply as exc:
            if assembly.finished:
                return assembly.reply()
            raise http_errors.unreadable(exc, self.server, self._clean) from exc
        except (APIConnectionError, httpx2.HTTPError, aiohttp.ClientError, OSError) as exc:
            if assembly.finished:
                return assembly.reply()
            raise http_errors.lost(exc, self.server, limit, self._clean) from exc

    def _refusal(self, response: httpx2.Response) -> PolicyError:
        return http_errors.refusal(
            response.status_code,
            response.headers,
            response.content,
            server=self.server,
            model=self.model,
            key_from=self.key_from,
            clean=self._clean,
        )


async def _stream(
    client: AsyncOpenAI, url: str, body: bytes, options: RequestOptions, assembly: StreamedReply
) -> Reply:
    from openai import AsyncStream

    stream = await client.post(
        url,
        cast_to=object,
        content=body,
        options=options,
        stream=True,
        stream_cls=AsyncStream[object],
    )
    events = SseParser()
    try:
        async for chunk in stream.response.aiter_bytes():
            for data in events.feed(chunk):
                assembly.add(data)
            if assembly.done:
                break
        for data in events.end():
            assembly.add(data)
    finally:
        await stream.response.aclose()
    if not assembly.finished:
        raise wire.UnreadableReply("the stream was cut before its end")
    return assembly.reply()


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


def limit_field(base_url: str, model: str) -> str:
    """Returns how the server calls the limit on output: OpenAI renamed it for newer models."""
    if urlsplit(base_url).netloc != urlsplit(OPENAI).netloc or _TAKES_MAX_TOKENS.match(model):
        return "max_tokens"
    return "max_completion_tokens"
