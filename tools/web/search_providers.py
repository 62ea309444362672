"""The search providers: how each is asked, and how its reply is read."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from ...journal.secrets import Clean

MAX_SNIPPET = 500
"""Characters of a snippet."""

_EMPHASIS = re.compile(r"</?(?:strong|b|em|mark|br)\s*/?>", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class WebResult:
    """One page that a search found."""

    title: str
    url: str
    snippet: str
    """A few sentences of the page or about it; may be empty."""


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """A request to a provider."""

    path: str
    """Path below the base address, with its query."""
    headers: Mapping[str, str]
    content: bytes | None = None
    """Body of a POST request; None: a GET request."""


@dataclass(frozen=True, kw_only=True)
class SearchProvider:
    """A search API."""

    base_url: str | None
    """Where the API lies; None: the user has to say."""
    key_env: str | None
    """Environment variable of the key; None: no key is needed."""
    ask: Callable[[str, int, str], SearchRequest]
    """From the query, the number of hits wanted and the key to a request."""
    found: tuple[str, ...]
    """Keys that lead to the list of hits in the reply."""
    url: str = "url"
    """Key of a hit's address."""
    snippet: str
    """Key of a hit's snippet."""


def hits(provider: SearchProvider, body: bytes, limit: int, clean: Clean = str) -> list[WebResult]:
    """Returns the hits in a reply, `limit` at most; entries without a web address are left out.

    Args:
        clean: takes the key out of a text.

    Raises:
        ValueError: the reply has not the form that the provider documents.
    """
    data = orjson.loads(body)
    for key in provider.found:
        if not isinstance(data, dict):
            raise ValueError("it is no object")
        data = data.get(key, {} if key != provider.found[-1] else [])
    if not isinstance(data, list):
        raise ValueError(f"{'.'.join(provider.found)} is no list")
    return list(_read(provider, data, clean))[:limit]


def _read(provider: SearchProvider, entries: list[Any], clean: Clean) -> Iterator[WebResult]:
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        url = entry.get(provider.url)
        if isinstance(url, str) and url.startswith(("http://", "https://")) and len(url) <= 2000:
            yield WebResult(
                title=_plain(entry.get("title"), 200, clean) or clean(url),
                url=clean("".join(url.split())),
                snippet=_plain(entry.get(provider.snippet), MAX_SNIPPET, clean),
            )


def _plain(value: Any, room: int, clean: Clean) -> str:
    if not isinstance(value, str):
        return ""
    text = clean(" ".join(html.unescape(_EMPHASIS.sub("", value[: 10 * room])).split()))
    return text if len(text) <= room else text[: room - 1] + "…"


def _searxng(query: str, limit: int, key: str) -> SearchRequest:
    asked = urlencode({"q": query, "format": "json"})
    return SearchRequest(path=f"/search?{asked}", headers={"Accept": "application/json"})


def _tavily(query: str, limit: int, key: str) -> SearchRequest:
    return _posted({"query": query, "max_results": limit}, {"Authorization": f"Bearer {key}"})


def _brave(query: str, limit: int, key: str) -> SearchRequest:
    asked = urlencode({"q": query, "count": limit})
    headers = {"Accept": "application/json", "X-Subscription-Token": key}
    return SearchRequest(path=f"/res/v1/web/search?{asked}", headers=headers)


def _serper(query: str, limit: int, key: str) -> SearchRequest:
    return _posted({"q": query, "num": limit}, {"X-API-KEY": key})


def _posted(body: Mapping[str, Any], headers: Mapping[str, str]) -> SearchRequest:
    kinds = {"Content-Type": "application/json", "Accept": "application/json"}
    return SearchRequest(path="/search", headers={**kinds, **headers}, content=orjson.dumps(body))


PROVIDERS: Mapping[str, SearchProvider] = {
    "searxng": SearchProvider(
        base_url=None, key_env=None, ask=_searxng, found=("results",), snippet="content"
    ),
    "tavily": SearchProvider(
        base_url="https://api.tavily.com",
        key_env="TAVILY_API_KEY",
        ask=_tavily,
        found=("results",),
        snippet="content",
    ),
    "brave": SearchProvider(
        base_url="https://api.search.brave.com",
        key_env="BRAVE_SEARCH_API_KEY",
        ask=_brave,
        found=("web", "results"),
        snippet="description",
    ),
    "serper": SearchProvider(
        base_url="https://google.serper.dev",
        key_env="SERPER_API_KEY",
        ask=_serper,
        found=("organic",),
        url="link",
        snippet="snippet",
    ),
}
