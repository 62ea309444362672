"""Which IP addresses lie on the public internet, and which of the others an owner allows."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ...ledger.errors import UsageError
from .urls import host_name

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = frozenset({80, 443, 8000, 8080, 8443})
"""Ports of the public internet that are read; an allowed host is read on any port."""

_V4 = {
    "0.0.0.0/8": "an address of this machine",
    "10.0.0.0/8": "a private address",
    "100.64.0.0/10": "an address behind a provider's NAT",
    "127.0.0.0/8": "a loopback address",
    "168.63.129.16/32": "a metadata address",
    "169.254.0.0/16": "a link-local address",
    "172.16.0.0/12": "a private address",
    "192.0.0.0/24": "a reserved address",
    "192.0.2.0/24": "a documentation address",
    "192.31.196.0/24": "a reserved address",
    "192.52.193.0/24": "a reserved address",
    "192.88.99.0/24": "a reserved address",
    "192.168.0.0/16": "a private address",
    "192.175.48.0/24": "a reserved address",
    "198.18.0.0/15": "a benchmarking address",
    "198.51.100.0/24": "a documentation address",
    "203.0.113.0/24": "a documentation address",
    "224.0.0.0/4": "a multicast address",
    "255.255.255.255/32": "the broadcast address",
    "240.0.0.0/4": "a reserved address",
}
_V6 = {
    "::/128": "an address of this machine",
    "::1/128": "a loopback address",
    "2001::/32": "a Teredo address",
    "2001:db8::/32": "a documentation address",
    "2001::/23": "a reserved address",
    "2002::/16": "a 6to4 address",
    "2620:4f:8000::/48": "a reserved address",
    "3fff::/20": "a documentation address",
    "fc00::/7": "a private address",
    "fe80::/10": "a link-local address",
    "fec0::/10": "a site-local address",
    "ff00::/8": "a multicast address",
}
_KINDS: list[tuple[Network, str]] = [
    (ipaddress.ip_network(network), kind) for network, kind in (_V4 | _V6).items()
]
_PUBLIC_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_HOLD_V4_AT_THE_END = (
    IPv6Network("::/96"),
    IPv6Network("::ffff:0:0/96"),
    IPv6Network("::ffff:0:0:0/96"),
    _NAT64,
)
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


def kind(address: Address) -> str | None:
    """Returns what an address is that no public page has, such as `a private address`.

    None: it is public. An IPv6 address that carries an IPv4 address is judged by that one too.
    """
    listed = next((name for network, name in _KINDS if address in network), None)
    if listed is not None:
        return listed
    if isinstance(address, IPv4Address):
        return None
    inner = carried(address)
    if inner is not None and (name := kind(inner)) is not None:
        return f"{name} ({inner}) in IPv6 form"
    if address in _NAT64 or address in _PUBLIC_V6:
        return None
    return "a reserved address"


def carried(address: Address) -> IPv4Address | None:
    """Returns the IPv4 address that an IPv6 address stands for, or None."""
    if isinstance(address, IPv4Address):
        return None
    value = int(address)
    is_isatap = (value >> 32) & 0xFFFFFFFF in _ISATAP
    if is_isatap or any(address in network for network in _HOLD_V4_AT_THE_END):
        return IPv4Address(value & 0xFFFFFFFF)
    return None


@dataclass(frozen=True, kw_only=True)
class AllowedHosts:
    """Hosts and networks that may be read although they are not public, on any port."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> AllowedHosts:
        """Reads host names, addresses and networks (`10.1.0.0/16`).

        Raises:
            UsageError: an entry is none of them.
        """
        hosts, networks = set(), []
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry.strip("[]")))
            except ValueError:
                hosts.add(_host(entry))
        return cls(hosts=frozenset(hosts), networks=tuple(networks))

    def covers(self, host: str, address: Address) -> bool:
        return host in self.hosts or any(address in network for network in self.networks)


def _host(entry: str) -> str:
    try:
        return host_name(entry)
    except ValueError as exc:
        raise UsageError(
            f"{entry!r} in allow= is no host name, address or network ({exc}): "
            "give something like 'intranet.example', '10.1.2.3' or '10.1.0.0/16'"
        ) from None


def refusal(host: str, port: int, answers: Iterable[Address], allowed: AllowedHosts) -> str | None:
    """Returns why a host may not be read at the addresses that its name stands for, or None.

    One bad address among good ones is enough to refuse: an honest name has none.
    """
    for address in answers:
        if allowed.covers(host, address):
            continue
        what = kind(address)
        if what is not None:
            subject = host if host == str(address) else f"{host} is {address}, which"
            return f"{subject} is {what}, and such addresses are not read"
        if port not in PORTS:
            known = ", ".join(str(each) for each in sorted(PORTS))
            return f"port {port} of {host} is not read; the ports are {known}"
    return None
