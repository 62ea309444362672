"""One try of a call through the client of a provider's own SDK: keys, bytes, streams, errors.

What a provider says is read and written by its own module; this knows no provider's format.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from ..journal.plain_http import check_encrypted
from ..journal.records import Message, Reply, Request, ToolCall
from ..journal.secrets import cleaner_of
from ..ledger.errors import CallTimedOut, PolicyError, UsageError
from .endpoint import clients, http_errors, wire
from .endpoint.endpoint import address
from .endpoint.keys import check_key
from .endpoint.stream import SseParser

if TYPE_CHECKING:
    import httpx2


@dataclass(frozen=True, kw_only=True)
class Sdk:
    """A provider's SDK, and where its settings come from."""

    package: str
    """The module, which has `APIStatusError` and `APIConnectionError`."""
    extra: str
    """The extra of outlay that installs it; empty where outlay always does."""
    home: str
    """Address of the provider's own server."""
    url_from: str
    """The variable that names another server."""
    key_from: str
    """The variable with the key, which goes to these two servers alone."""
    new_client: clients.NewClient[Any]
    call_options: Callable[[clients.ServerKey, float], Any]
    """From the server and the seconds of a call to the options of the client's `post`."""
    refusal: Callable[..., PolicyError] = http_errors.refusal
    """What makes an error of a response whose status is not 200."""


class ErrorInBody(Exception):
    """An error that came where a reply was due, as the HTTP error that it stands for."""

    def __init__(self, status: int, raw: bytes) -> None:
        self.status = status
        self.raw = raw
        super().__init__(f"an error with status {status}")


class StreamAssembly(Protocol):
    """A reply that is being put together from a provider's events.

    `finished` says that nothing of the reply is missing, `done` that no event follows.
    """

    @property
    def finished(self) -> bool: ...

    @property
    def done(self) -> bool: ...

    def add(self, data: bytes) -> None:
        """Takes the data of one event.

        Raises:
            wire.UnreadableReply: it makes no sense, or reports an error in mid-stream.
            ErrorInBody: it reports an error in place of a reply.
        """

    def reply(self) -> Reply: ...


class SdkCalls:
    """Sends the calls of one policy.

    Args:
        sdk: whose client sends them.
        name: the policy's name, for sentences.
        model: the model's name, for sentences.
        base_url: None means what `sdk.url_from` says, else the provider's own server.
        api_key: None means `sdk.key_from` for those two servers and `OUTLAY_API_KEY` for others.
        http_client: an httpx2 client of one's own to send through.
    """

    def __init__(
        self,
        sdk: Sdk,
        *,
        name: str,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        self._sdk = sdk
        self._name = name
        self._model = model
        url = (base_url or os.environ.get(sdk.url_from) or sdk.home).rstrip("/")
        self.url = url
        self.server = address(url)
        self._key_from = _key_source(sdk, url)
        self._place = clients.ServerKey(url, api_key or os.environ.get(self._key_from) or None)
        self._clean = cleaner_of([self._place.key])
        self._http_client = http_client
        self._own_client: Any = None

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

    def check(self) -> None:
        """Raises UsageError where no call could be made: the SDK or the key is missing."""
        sdk, key = self._sdk, self._place.key
        if sdk.extra and importlib.util.find_spec(sdk.package) is None:
            raise UsageError(
                f"{self._name} needs the package {sdk.package}: pip install 'outlay[{sdk.extra}]'"
            )
        if key is None and self.server == urlsplit(sdk.home).netloc:
            raise UsageError(
                f"{self._name} needs a key: set {self._key_from}, or name another server "
                f"with {sdk.url_from}"
            )
        check_key(key, self._name, self._key_from)
        if key is not None:
            check_encrypted(self.url, self._name)

    async def exchange(
        self,
        path: str,
        body: bytes,
        limit: float,
        read: Callable[[bytes], Reply],
        assembly: StreamAssembly | None = None,
    ) -> Reply:
        """Sends a body and returns the reply; one try.

        Args:
            path: where on the server.
            limit: seconds after which the call is given up.
            read: what makes a reply of a whole body.
            assembly: what makes one of events, where a stream was asked for.

        Raises:
            CallRefused: nothing was billed.
            OutcomeUnknown: the bill is unknown.
        """
        import aiohttp
        import httpx2

        sdk = importlib.import_module(self._sdk.package)
        with http_errors.before_sending(self.server, self._clean):
            client = await self._client()
            options = self._sdk.call_options(self._place, limit)
        try:
            async with asyncio.timeout(limit):
                if assembly is None:
                    with http_errors.writing(self.server):
                        response = await client.post(
                            path, cast_to=httpx2.Response, content=body, options=options
                        )
                    return read(response.content)
                with http_errors.writing(self.server):
                    stream = await client.post(
                        path, cast_to=object, content=body, options=options, stream=True,
                        stream_cls=sdk.AsyncStream[object],
                    )  # fmt: skip
                return await _streamed(stream.response, read, assembly)
        except sdk.APIStatusError as exc:
            response = exc.response
            raise self._refusal(response.status_code, response.headers, response.content) from exc
        except ErrorInBody as exc:
            raise self._refusal(exc.status, {}, exc.raw) from exc
        except wire.UnreadableReply as exc:
            if assembly is not None and assembly.finished:
                return assembly.reply()
            raise http_errors.unreadable(exc, self.server, self._clean) from exc
        except (sdk.APIConnectionError, httpx2.HTTPError, aiohttp.ClientError, OSError) as exc:
            if assembly is not None and assembly.finished:
                return assembly.reply()
            raise http_errors.lost(exc, self.server, limit, self._clean) from exc

    async def close(self) -> None:
        """Closes a client of one's own; shared connections close with their event loop."""
        if self._http_client is not None:
            await self._http_client.aclose()

    async def _client(self) -> Any:
        if self._http_client is None:
            return await clients.shared(self._place, self._sdk.new_client)
        if self._own_client is None:
            self._own_client = self._sdk.new_client(self._place, self._http_client)
        return self._own_client

    def _refusal(self, status: int, headers: Any, raw: bytes) -> PolicyError:
        return self._sdk.refusal(
            status,
            headers,
            raw,
            server=self.server,
            model=self._model,
            key_from=self._key_from,
            clean=self._clean,
        )


class HeardText:
    """The text of a reply that is being streamed.

    Args:
        tell: is called with each piece of it too.
    """

    def __init__(self, tell: Callable[[str], None] | None) -> None:
        self._tell = tell
        self._pieces: list[str] = []

    def __call__(self, piece: str) -> None:
        self._pieces.append(piece)
        if self._tell is not None:
            self._tell(piece)

    def left(self) -> Reply | None:
        """Returns what has come of a reply that was given up; None where that is nothing."""
        text = "".join(self._pieces).strip()
        return Reply(Message("assistant", text), finish_reason="timeout") if text else None


class SdkPolicy:
    """What the policies have in common that send through `SdkCalls`: all but their format."""

    takes_samples = False
    is_hosted = True
    name: str
    max_output: int
    timeout: float
    headroom: int
    stream: bool

    def __init__(self, calls: SdkCalls) -> None:
        self._calls = calls
        self.server = calls.server

    def check(self) -> None:
        """Raises UsageError where a call could not be made for want of the SDK or of a key."""
        self._calls.check()

    async def prepare(self) -> None:
        """Loads the SDK and makes the client; raises UsageError as `check` does."""
        await self._calls.prepare()

    async def close(self) -> None:
        """Closes a client of one's own; shared connections close with their event loop."""
        await self._calls.close()

    async def _exchange(
        self,
        path: str,
        body: bytes,
        request: Request,
        read: Callable[[bytes], Reply],
        stream: Callable[[HeardText, Callable[[int, ToolCall], None] | None], StreamAssembly],
    ) -> Reply:
        """Sends what a request is in the provider's format, as `SdkCalls.exchange` does.

        Args:
            stream: from what takes its text and its calls to what puts a streamed reply together.
        """
        limit = self.timeout if request.timeout is None else min(self.timeout, request.timeout)
        heard = HeardText(request.on_text if self.stream else None)
        on_call = request.on_call if self.stream else None
        assembly = stream(heard, on_call) if self.stream or request.streams else None
        began = time.monotonic()
        try:
            reply = await self._calls.exchange(path, body, limit, read, assembly)
        except CallTimedOut:
            left = heard.left() if request.streams else None
            if left is None:
                raise
            reply = left
        return replace(reply, seconds=time.monotonic() - began)


async def _streamed(
    response: httpx2.Response, read: Callable[[bytes], Reply], assembly: StreamAssembly
) -> Reply:
    try:
        if "json" in response.headers.get("content-type", ""):
            return read(await response.aread())
        async for data in _events(response):
            assembly.add(data)
            if assembly.done:
                break
    finally:
        await response.aclose()
    if not assembly.finished:
        raise wire.UnreadableReply("the stream was cut before its end")
    return assembly.reply()


async def _events(response: httpx2.Response) -> AsyncIterator[bytes]:
    parser = SseParser()
    async for chunk in response.aiter_bytes():
        for data in parser.feed(chunk):
            if data.strip():
                yield data
    for data in parser.end():
        if data.strip():
            yield data


def _key_source(sdk: Sdk, url: str) -> str:
    ours = {urlsplit(sdk.home).netloc, urlsplit(os.environ.get(sdk.url_from) or sdk.home).netloc}
    return sdk.key_from if urlsplit(url).netloc in ours else "OUTLAY_API_KEY"
