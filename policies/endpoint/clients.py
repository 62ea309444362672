"""One client of an SDK per server, key and event loop, shared by all policies.

A client's connections belong to the event loop that opened them. Each is held by an async
generator that the loop itself closes when it shuts down (`asyncio.run` does), so calling
`agent.run_sync` many times neither leaks connections nor uses dead ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, cast

from .bounded import bounded

if TYPE_CHECKING:
    import httpx2
    from aiohttp import ClientSession
    from openai import AsyncOpenAI
    from openai._types import RequestOptions

CONNECTIONS = 10_000
"""Connections at once to one server: more than any number of agents in one process."""

IDLE_SECONDS = 4.0
"""An idle connection is closed after this time, before the usual server does (5 s): a call sent
into a connection that is being closed has an unknown outcome."""

CONNECT_SECONDS = 10.0
"""Within this time a server must accept a connection, else the call has never left."""

HEADER_BYTES = 256 * 1024
"""The longest header of a response; some gateways put whole policies into one."""


class ServerKey(NamedTuple):
    """A server and the key for it; `key` is None where it wants none."""

    base_url: str
    key: str | None


class SdkClient(Protocol):
    """What is asked of any SDK's client: that it can be closed."""

    async def close(self) -> None: ...


Client = TypeVar("Client", bound=SdkClient)
NewClient = Callable[[ServerKey, "httpx2.AsyncClient | None"], Client]
"""From a server, its key and an HTTP client (None for the SDK's own) to an SDK's client."""
_Slot = tuple[asyncio.AbstractEventLoop, ServerKey, NewClient[SdkClient]]


class _PooledClient(NamedTuple):
    client: SdkClient
    holder: AsyncGenerator[SdkClient, None]


_clients: dict[_Slot, _PooledClient] = {}


async def shared_client(place: ServerKey) -> AsyncOpenAI:
    """Returns the running loop's openai client for `place`. It lives as long as the loop."""
    return await shared(place, new_client)


async def shared(place: ServerKey, new: NewClient[Client]) -> Client:
    """Returns the running loop's client for `place` as `new` makes it; it lives as long."""
    slot = (asyncio.get_running_loop(), place, new)
    held = _clients.get(slot)
    if held is None:
        _forget_closed_loops()
        held = _clients[slot] = _PooledClient(new(place, None), _hold(slot))
        await anext(held.holder)
    return cast("Client", held.client)


def new_client(place: ServerKey, http_client: httpx2.AsyncClient | None) -> AsyncOpenAI:
    """Returns a client that never tries a call twice by itself."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    return AsyncOpenAI(
        base_url=place.base_url,
        api_key=place.key or "none",
        max_retries=0,
        http_client=bounded(http_client or new_http_client(DefaultAioHttpClient)),
    )


def new_http_client(kind: Callable[..., httpx2.AsyncClient]) -> httpx2.AsyncClient:
    """Returns an HTTP client of an SDK's own class, over aiohttp, that takes long headers."""
    import httpx2

    limits = httpx2.Limits(max_connections=CONNECTIONS, keepalive_expiry=IDLE_SECONDS)
    client = kind(limits=limits)
    transports: list[Any] = [client._transport, *client._mounts.values()]
    for transport in transports:
        if hasattr(transport, "get_client"):
            transport.client = partial(_session, transport)
    return client


def _session(transport: Any) -> ClientSession:
    """Returns what an aiohttp transport makes for itself, but for the room for headers: its own
    takes 8 kB, and there is no option for it."""
    from aiohttp import ClientSession, TCPConnector

    connector = TCPConnector(
        limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS, ssl=transport.ssl_context
    )
    return ClientSession(
        connector=connector, max_field_size=HEADER_BYTES, max_line_size=HEADER_BYTES,
        max_headers=1024,
    )  # fmt: skip


def timeouts(seconds: float) -> httpx2.Timeout:
    """Returns what a call of so many seconds waits for. Waiting for a connection ends before the
    call does, so that a call which was never sent is known as one."""
    import httpx2

    connect = min(0.9 * seconds, CONNECT_SECONDS)
    return httpx2.Timeout(seconds, connect=connect, pool=0.95 * seconds)


def call_options(place: ServerKey, timeout: float) -> RequestOptions:
    """Returns the options of one call: what it waits for and whose headers it carries."""
    from openai import Omit

    options: RequestOptions = {
        "timeout": timeouts(timeout),
        "follow_redirects": False,
        "security": {"bearer_auth": True},
    }
    if place.key is None:
        hidden = ("Authorization", "OpenAI-Organization", "OpenAI-Project")
        options["headers"] = dict.fromkeys(hidden, Omit())
    return options


async def _hold(slot: _Slot) -> AsyncGenerator[SdkClient, None]:
    client = _clients[slot].client
    try:
        yield client
    finally:
        _clients.pop(slot, None)
        await client.close()


def _forget_closed_loops() -> None:
    for slot in list(_clients):
        if slot[0].is_closed():
            _clients.pop(slot, None)
