"""Connections that lead only to addresses that were checked: a name is looked up once."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore

from ...ledger.errors import ToolError
from ..running import ToolTimedOut, in_thread
from .ip_addresses import Address, AllowedHosts, refusal

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host's name and a port to its IP addresses as text; raises `OSError` if there is none."""

LOOK_UP_SECONDS = 10.0
"""Seconds for the look-up of a name."""

_TRIED = 4
"""Addresses of one host that are tried."""


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Asks the system. A look-up that hangs leaves a thread behind, not the process."""

    def ask() -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [str(address[0]) for *_, address in found]

    return await in_thread(ask, LOOK_UP_SECONDS)


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to an address that it has itself checked, never to a name.

    The check and the connection share one look-up, so that a name which changes its answer between
    them (DNS rebinding) gains nothing. TLS still checks the certificate against the name.
    """

    def __init__(self, allowed: AllowedHosts, resolver: Resolver = system_resolver) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Looks the host up, checks all its addresses and connects to the first that answers.

        Raises:
            ToolError: the host has no address, or one that may not be read.
            httpcore.ConnectError: none of the addresses answers.
        """
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in (await self._addresses(host, port))[:_TRIED]:
            try:
                return await self._sockets.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise ToolError("sockets of this machine are not read")

    async def _addresses(self, host: str, port: int) -> list[Address]:
        try:
            addresses: list[Address] = [ipaddress.ip_address(host)]
        except ValueError:
            addresses = await self._looked_up(host, port)
        why = refusal(host, port, addresses, self._allowed)
        if why is not None:
            raise ToolError(why)
        return addresses

    async def _looked_up(self, host: str, port: int) -> list[Address]:
        try:
            answers = await self._resolver(host, port)
            addresses = [ipaddress.ip_address(answer) for answer in answers]
        except (OSError, ValueError, UnicodeError) as exc:
            raise ToolError(f"the host {host} cannot be found") from exc
        except ToolTimedOut as exc:
            raise ToolError(f"the look-up of the host {host} took too long") from exc
        if not addresses:
            raise ToolError(f"the host {host} has no address")
        return list(dict.fromkeys(addresses))
