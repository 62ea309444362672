"""One openai client per server, key and event loop, shared by all endpoints.

A client's connections belong to the event loop that opened them. Each is held by an async
generator that the loop itself closes when it shuts down (`asyncio.run` does), so calling
`agent.run_sync` many times neither leaks connections nor uses dead ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI
    from openai._types import RequestOptions

CONNECTIONS = 10_000
"""Connections at once to one server: more than any number of agents in one process."""

IDLE_SECONDS = 4.0
"""An idle connection is closed after this time, before the usual server does (5 s): a call sent
into a connection that is being closed has an unknown outcome."""

CONNECT_SECONDS = 10.0
"""Within this time a server must accept a connection, else the call has never left."""


class ServerKey(NamedTuple):
    """A server and the key for it; `key` is None where it wants none."""

    base_url: str
    key: str | None


class _PooledClient(NamedTuple):
    client: AsyncOpenAI
    holder: AsyncGenerator[AsyncOpenAI, None]


_clients: dict[tuple[asyncio.AbstractEventLoop, ServerKey], _PooledClient] = {}


async def shared_client(place: ServerKey) -> AsyncOpenAI:
    """Returns the running loop's client for `place`. It lives as long as the loop."""
    slot = (asyncio.get_running_loop(), place)
    held = _clients.get(slot)
    if held is None:
        _forget_closed_loops()
        held = _clients[slot] = _PooledClient(new_client(place, None), _hold(slot))
        await anext(held.holder)
    return held.client


def new_client(place: ServerKey, http_client: httpx2.AsyncClient | None) -> AsyncOpenAI:
    """Returns a client that never tries a call twice by itself."""
    import httpx2
    from openai import AsyncOpenAI, DefaultAioHttpClient

    limits = httpx2.Limits(max_connections=CONNECTIONS, keepalive_expiry=IDLE_SECONDS)
    return AsyncOpenAI(
        base_url=place.base_url,
        api_key=place.key or "none",
        max_retries=0,
        http_client=http_client or DefaultAioHttpClient(limits=limits),
    )


def call_options(place: ServerKey, timeout: float) -> RequestOptions:
    """Returns the options of one call: what it waits for and whose headers it carries."""
    import httpx2
    from openai import Omit

    options: RequestOptions = {
        "timeout": httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
        "follow_redirects": False,
        "security": {"bearer_auth": True},
    }
    if place.key is None:
        hidden = ("Authorization", "OpenAI-Organization", "OpenAI-Project")
        options["headers"] = dict.fromkeys(hidden, Omit())
    return options


async def _hold(
    slot: tuple[asyncio.AbstractEventLoop, ServerKey],
) -> AsyncGenerator[AsyncOpenAI, None]:
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
