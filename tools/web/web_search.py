"""`web_search`: pages on the internet by words, from a search provider of the user's choice."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field

import httpcore
import httpx

from ...journal.secrets import cleaner_of
from ...ledger.errors import ToolError, UsageError
from ..functions.tool import Price, tool
from ..protocol import Tool
from .http_exchange import HttpResponse, exchange
from .search_providers import PROVIDERS, SearchProvider, WebResult, hits
from .urls import RequestTarget, target

TIMEOUT = 20.0
"""Seconds for a search."""

MAX_HITS = 20
"""Hits that one search lists at most."""

MAX_QUERY = 400
"""Characters of a query: Brave takes no more."""

MAX_BYTES = 5_000_000
"""Bytes of a provider's reply."""

_SAID = {
    400: "does not take this query",
    401: "refused the key in {key}",
    402: "says that the plan of the key in {key} is used up",
    403: "refused the key in {key}",
    422: "does not take this query",
    429: "got too many requests: wait a little, or ask less",
    432: "says that the plan of the key in {key} is used up",
    433: "says that the plan of the key in {key} is used up",
}


def web_search(
    provider: str = "searxng",
    *,
    price: Price | None = None,
    base_url: str | None = None,
    key_env: str | None = None,
    timeout: float = TIMEOUT,
    tls: ssl.SSLContext | None = None,
) -> Tool:
    """Returns the tool `web_search(query, limit)`.

    Args:
        provider: `searxng`, `tavily`, `brave` or `serper`.
        price: USD per call, as for `tool`; None: the price book has to know it, but for `searxng`,
            which is free.
        base_url: where the API lies; None: the provider's own address. SearXNG needs one.
        key_env: environment variable that holds the key; None: the provider's usual one.
        timeout: seconds for a search.
        tls: how certificates are checked; None: against certifi's authorities.

    Raises:
        UsageError: the provider is unknown, its address or key is missing, or an option is wrong.
    """
    searcher = _searcher(provider, base_url, key_env, tls)
    free = 0 if provider == "searxng" else None

    @tool(price=free if price is None else price, timeout=timeout, read_only=True)
    async def web_search(query: str, limit: int = 5) -> str:
        """Searches the web and lists pages with title, address and a snippet, best first.

        Args:
            query: a few words, or a short question.
            limit: how many pages to list, 20 at most.
        """
        found = await searcher.find(query, min(max(limit, 1), MAX_HITS))
        return "\n".join(_line(place, hit) for place, hit in enumerate(found, 1)) or (
            "Nothing found. Try other words."
        )

    return web_search


def _searcher(
    name: str, base_url: str | None, key_env: str | None, tls: ssl.SSLContext | None
) -> _Searcher:
    if name not in PROVIDERS:
        raise UsageError(f"no search provider {name!r} is known; these are: {', '.join(PROVIDERS)}")
    provider = PROVIDERS[name]
    where = base_url or provider.base_url
    if where is None:
        raise UsageError(
            f"web_search({name!r}) needs base_url=, the address of your server, "
            "such as 'http://localhost:8080'"
        )
    try:
        base = target(where)
    except ToolError as exc:
        raise UsageError(f"base_url of web_search is wrong: {exc}") from None
    env = key_env or provider.key_env
    key = "" if env is None else os.environ.get(env, "").strip()
    if env is not None and not key:
        raise UsageError(f"web_search({name!r}) needs a key: set the environment variable {env}")
    if not (key.isascii() and key.isprintable()):
        raise UsageError(f"the environment variable {env} holds no key: it has odd characters")
    return _Searcher(name=name, provider=provider, base=base, env=env, key=key, tls=tls)


@dataclass(kw_only=True, eq=False)
class _Searcher:
    name: str
    provider: SearchProvider
    base: RequestTarget
    env: str | None
    key: str = field(repr=False)
    tls: ssl.SSLContext | None

    async def find(self, query: str, limit: int) -> list[WebResult]:
        """Returns the hits, best first.

        Raises:
            ToolError: the query is empty or too long, or the provider gives no answer.
        """
        query = " ".join(query.split())
        if not 0 < len(query) <= MAX_QUERY:
            raise ToolError(f"a query has 1 to {MAX_QUERY} characters, not {len(query):,}")
        reply = await self._ask(query, limit)
        if not reply.is_success:
            raise ToolError(f"{self.name} {self._said(reply)}")
        try:
            return hits(self.provider, reply.body, limit, cleaner_of([self.key]))
        except ValueError as exc:
            raise ToolError(f"the reply of {self.name} cannot be read") from exc

    async def _ask(self, query: str, limit: int) -> HttpResponse:
        question = self.provider.ask(query, limit, self.key)
        if self.tls is None:
            self.tls = httpx.create_ssl_context(trust_env=False)
        async with httpcore.AsyncConnectionPool(ssl_context=self.tls) as pool:
            return await exchange(
                pool,
                target(str(self.base).rstrip("/") + question.path),
                max_bytes=MAX_BYTES,
                headers={"User-Agent": "outlay", **question.headers},
                method="GET" if question.content is None else "POST",
                content=question.content,
            )

    def _said(self, reply: HttpResponse) -> str:
        if self.name == "searxng" and reply.status == 403:
            return "gives no JSON: add `json` to `formats` under `search` in its settings.yml"
        said = _SAID.get(reply.status, "")
        if self.env is None and "{key}" in said:
            said = ""
        return said.format(key=self.env) or f"answered {reply.named_status}"


def _line(place: int, hit: WebResult) -> str:
    snippet = f"\n   {hit.snippet}" if hit.snippet else ""
    return f"{place}. {hit.title}\n   {hit.url}{snippet}"
