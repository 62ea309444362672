"""`fetch`: the readable text of a web page, from the public internet and nowhere else."""

from __future__ import annotations

import importlib.util
import re
import ssl
from collections.abc import Collection

from ...ledger.errors import ToolError, UsageError
from ..functions.tool import MAX_CHARS, Price, tool
from ..protocol import Tool
from ..running import in_thread
from .http_exchange import HttpResponse
from .ip_addresses import AllowedHosts
from .network import CheckedNetwork, Resolver, system_resolver
from .page_reader import PageFetcher
from .page_text import WebPage, readable
from .urls import RequestTarget, target

TIMEOUT = 30.0
"""Seconds for a page, all redirects included."""

MAX_BYTES = 5_000_000
"""Bytes of a page, unpacked."""

MAX_REDIRECTS = 5

MAX_LINKS = 40
"""Links that are listed below a page's text."""

_AGENT = re.compile(r"[A-Za-z0-9_-]+([/ ][\x20-\x7e]*)?")


def fetch(
    *,
    price: Price | None = 0,
    timeout: float = TIMEOUT,
    max_bytes: int = MAX_BYTES,
    max_redirects: int = MAX_REDIRECTS,
    max_chars: int = MAX_CHARS,
    allow: Collection[str] = (),
    robots: bool = False,
    user_agent: str = "outlay",
    tls: ssl.SSLContext | None = None,
    resolver: Resolver = system_resolver,
) -> Tool:
    """Returns the tool `fetch(url, links)`, which reads web pages, text and JSON.

    Args:
        price: USD per call, as for `tool`.
        timeout: seconds for a call, redirects and reading included.
        max_bytes: bytes of a page, unpacked, above which it is refused.
        max_redirects: redirects that are followed.
        max_chars: characters that the policy sees at once.
        allow: hosts, addresses and networks that may be read although they are not public.
        robots: True to heed each site's `robots.txt`.
        user_agent: what sites are told, and the name that `robots.txt` knows this reader by.
        tls: how certificates are checked; None: against certifi's authorities.
        resolver: how names are looked up.

    Raises:
        UsageError: an option is wrong, or the extra `web` is not installed.
    """
    _check(allow, max_bytes, max_redirects, user_agent)
    reader = PageFetcher(
        network=CheckedNetwork(AllowedHosts.of(allow), resolver),
        max_bytes=max_bytes,
        max_redirects=max_redirects,
        user_agent=user_agent,
        tls=tls,
        heeds_robots=robots,
    )

    @tool(price=price, timeout=timeout, read_only=True, max_chars=max_chars)
    async def fetch(url: str, links: bool = True) -> str:
        """Reads a web page, a text or JSON from the internet.

        Args:
            url: its complete address, with http:// or https://.
            links: whether to list the page's links below its text.
        """
        where, reply = await reader.get(target(url))
        return await in_thread(lambda: _shown(where, reply, links), timeout)

    return fetch


def _check(allow: Collection[str], max_bytes: int, max_redirects: int, user_agent: str) -> None:
    if importlib.util.find_spec("trafilatura") is None:
        raise UsageError("fetch needs trafilatura: pip install 'outlay[web]'")
    if isinstance(allow, str):
        raise UsageError(f"allow= must be a collection of hosts: write allow=({allow!r},)")
    if max_bytes < 1 or max_redirects < 0:
        raise UsageError("max_bytes must be 1 or more and max_redirects 0 or more")
    if not _AGENT.fullmatch(user_agent):
        raise UsageError(
            f"{user_agent!r} is no user_agent: give a name, and what else you like after a slash, "
            "such as 'my-reader/1.0 (me@site.example)'"
        )


def _shown(where: RequestTarget, reply: HttpResponse, links: bool) -> str:
    try:
        page = readable(reply.body, reply.headers.get("content-type", ""), where)
    except ToolError as exc:
        raise ToolError(f"{where} cannot be read: {exc}") from exc
    head = f"{page.title}\n{where}\n\n" if page.title else f"{where}\n\n"
    return head + (page.text or "(the page holds no text)") + (_listed(page) if links else "")


def _listed(page: WebPage) -> str:
    if not page.links:
        return ""
    lines = [f"- {said}: {where}" for said, where in page.links[:MAX_LINKS]]
    left_out = len(page.links) - len(lines)
    more = f"\n({left_out:,} more links are left out)" if left_out else ""
    return "\n\nLinks:\n" + "\n".join(lines) + more
