"""Host names and web addresses, read strictly: what two readers could take for two hosts is out."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

import httpx

from ...ledger.errors import ToolError

MAX_LENGTH = 4_000
"""Characters of a web address."""

DEFAULT_PORTS = {"http": 80, "https": 443}

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")


@dataclass(frozen=True)
class RequestTarget:
    """Something to ask a server for. `host` is a name or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    """Path and query, encoded, beginning with `/`."""

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def __str__(self) -> str:
        return self.origin + self.path


def target(text: str, base: RequestTarget | None = None) -> RequestTarget:
    """Reads a web address; a relative one counts from `base`.

    Raises:
        ToolError: it is none that can be read, and the text says why.
    """
    text = text.strip()
    shown = text if len(text) <= 200 else f"{text[:200]}…"
    if len(text) > MAX_LENGTH:
        raise ToolError(f"the address has {len(text):,} characters; {MAX_LENGTH:,} are the limit")
    if _UNSAFE.search(text):
        raise ToolError(f"the address {shown!r} holds a blank, a backslash or a control character")
    try:
        url = httpx.URL(text) if base is None else httpx.URL(str(base)).join(text)
    except (httpx.InvalidURL, ValueError) as exc:
        raise ToolError(f"{shown!r} is no web address: {exc}") from None
    if url.scheme not in DEFAULT_PORTS:
        raise ToolError(f"{shown!r} is not read: only http:// and https:// addresses are")
    if url.userinfo or "@" in url.netloc.decode():
        raise ToolError(f"{shown!r} holds a user name or password: leave out what is before the @")
    try:
        host = host_name(url.raw_host.decode("ascii"))
    except ValueError as exc:
        raise ToolError(f"{shown!r} has no host that can be read: {exc}") from None
    port = DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port < 65536:
        raise ToolError(f"{shown!r} is not read: {port} is no port")
    return RequestTarget(url.scheme, host, port, url.raw_path.decode("ascii"))


def host_name(text: str) -> str:
    """Returns a host's name in lower case without its final dot, or an address in plain form.

    Raises:
        ValueError: it is neither; numbers such as `2130706433`, `0x7f.1` and `0177.0.0.1`, which
            some resolvers take for addresses, are refused too.
    """
    name = text.lower().removeprefix("[").removesuffix("]")
    if "%" in name:
        raise ValueError("a percent sign (a zone, or an encoded name) stands in the host")
    if ":" in name:
        return str(ipaddress.IPv6Address(name))
    name = name.removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            raise ValueError(f"{name[:80]!r} is a number and no plain IPv4 address") from None
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{name[:80]!r} is no host name")
    return name
