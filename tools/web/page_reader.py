"""Reads pages for `fetch`: redirects and `robots.txt`, each step under the same checks."""

from __future__ import annotations

import re
import ssl
from collections import OrderedDict
from dataclasses import dataclass, field

import httpcore
import httpx

from ...ledger.errors import ToolError
from .http_exchange import HttpResponse, exchange
from .network import CheckedNetwork
from .page_text import decoded
from .robots import MAX_BYTES as ROBOTS_BYTES
from .robots import NOTHING, RobotsRules, rules
from .urls import RequestTarget, target

_SITES = 256
"""Sites whose `robots.txt` is remembered."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(kw_only=True, eq=False)
class PageFetcher:
    """Gets pages. A call opens its own connections; no cookie or login outlives a request."""

    network: CheckedNetwork
    max_bytes: int
    max_redirects: int
    user_agent: str
    heeds_robots: bool
    tls: ssl.SSLContext | None = None
    """None: certificates are checked against certifi's authorities."""
    _robots: OrderedDict[str, RobotsRules] = field(default_factory=OrderedDict)

    async def get(self, where: RequestTarget) -> tuple[RequestTarget, HttpResponse]:
        """Returns a successful reply and where it was found after redirects.

        Raises:
            ToolError: there is none, or it may not be read.
        """
        async with self._pool() as pool:
            found, reply = await self._follow(pool, where, self.max_bytes, self.heeds_robots)
        if not reply.is_success:
            raise ToolError(f"{found} answered {reply.named_status}")
        return found, reply

    def _pool(self) -> httpcore.AsyncConnectionPool:
        if self.tls is None:
            self.tls = httpx.create_ssl_context(trust_env=False)
        return httpcore.AsyncConnectionPool(ssl_context=self.tls, network_backend=self.network)

    async def _follow(
        self, pool: httpcore.AsyncConnectionPool, where: RequestTarget, max_bytes: int, heed: bool
    ) -> tuple[RequestTarget, HttpResponse]:
        seen = {where}
        while True:
            if heed:
                await self._heed(pool, where)
            reply = await exchange(pool, where, max_bytes=max_bytes, headers=self._headers)
            if reply.status not in _REDIRECTS or "location" not in reply.headers:
                return where, reply
            onward = _redirected(where, reply.headers["location"])
            if onward in seen:
                raise ToolError(f"{where} redirects in a circle")
            if len(seen) > self.max_redirects:
                raise ToolError(
                    f"{where} redirects once more than the {self.max_redirects} allowed"
                )
            seen.add(onward)
            where = onward

    @property
    def _headers(self) -> dict[str, str]:
        accept = "text/html, application/xhtml+xml, text/*;q=0.9, application/json;q=0.9, */*;q=0.1"
        return {"User-Agent": self.user_agent, "Accept": accept}

    async def _heed(self, pool: httpcore.AsyncConnectionPool, where: RequestTarget) -> None:
        site = where.origin
        if site not in self._robots:
            self._robots[site] = await self._rules(pool, target(f"{site}/robots.txt"))
            while len(self._robots) > _SITES:
                self._robots.popitem(last=False)
        if not self._robots[site].allow(where.path):
            raise ToolError(f"{site}/robots.txt asks that {where.path[:200]} is not read")

    async def _rules(self, pool: httpcore.AsyncConnectionPool, where: RequestTarget) -> RobotsRules:
        _, reply = await self._follow(pool, where, ROBOTS_BYTES, heed=False)
        if reply.is_success:
            return rules(decoded(reply.body, "utf-8"), re.split("[/ ]", self.user_agent)[0])
        return NOTHING if reply.status >= 500 else RobotsRules()


def _redirected(where: RequestTarget, location: str) -> RequestTarget:
    """Returns where a redirect leads; servers write the header in UTF-8 at times."""
    try:
        return target(location.encode("latin-1").decode("utf-8", "replace"), where)
    except ToolError as exc:
        raise ToolError(f"{where} redirects to what is not read: {exc}") from exc
