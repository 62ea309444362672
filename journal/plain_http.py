"""Keys over plain HTTP: to this machine, and to hosts that their owner names."""

from __future__ import annotations

import ipaddress
import os
from functools import cache
from urllib.parse import urlsplit

from ..ledger.errors import UsageError

VARIABLE = "OUTLAY_PLAIN_HTTP"
"""Names the hosts, by commas, to which keys may go over plain HTTP."""


def check_encrypted(url: str, what: str) -> None:
    """Raises UsageError where a key would go unencrypted to another machine.

    Args:
        what: whose key it is, for the sentence.
    """
    host = _overheard_host(url)
    if host is None:
        return
    allowed = {name.strip().lower() for name in os.environ.get(VARIABLE, "").split(",")}
    if host not in allowed:
        raise UsageError(
            f"the key of {what} would go unencrypted to {host}: write https://, or set "
            f"{VARIABLE}={host} if nobody else can listen on the way"
        )


@cache
def _overheard_host(url: str) -> str | None:
    """Returns the host to which a URL leads unencrypted; None for this machine and for https."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    return host if parts.scheme == "http" and not _is_this_machine(host) else None


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
