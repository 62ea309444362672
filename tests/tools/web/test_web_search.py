from __future__ import annotations

import gzip
import json
import logging
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.tools.web import WebResult, web_search
from outlay.tools.web.search_providers import PROVIDERS, hits

KEY = "sk-planted-0123456789"
ENVS = {"tavily": "TAVILY_API_KEY", "brave": "BRAVE_SEARCH_API_KEY", "serper": "SERPER_API_KEY"}
PATHS = {
    "searxng": "/search",
    "tavily": "/search",
    "brave": "/res/v1/web/search",
    "serper": "/search",
}
ONE, TWO = "https://one.example/a", "https://two.example/"
REPLIES = {
    "searxng": {
        "query": "sul",
        "number_of_results": 0,
        "results": [
            {"url": ONE, "title": "One", "content": "The Sul rises.", "engine": "duckduckgo"},
            {"url": TWO, "title": "Two", "content": None, "score": 1.0},
        ],
        "answers": [],
        "infoboxes": [],
    },
    "tavily": {
        "query": "sul",
        "answer": None,
        "images": [],
        "results": [
            {"title": "One", "url": ONE, "content": "The Sul rises.", "score": 0.9},
            {"title": "Two", "url": TWO, "content": "", "raw_content": None},
        ],
        "response_time": 1.2,
    },
    "brave": {
        "type": "search",
        "query": {"original": "sul", "more_results_available": True},
        "web": {
            "type": "search",
            "results": [
                {"title": "One", "url": ONE, "description": "The <strong>Sul</strong> rises."},
                {"title": "Two", "url": TWO},
            ],
        },
    },
    "serper": {
        "searchParameters": {"q": "sul", "type": "search", "engine": "google"},
        "organic": [
            {"title": "One", "link": ONE, "snippet": "The Sul rises.", "position": 1},
            {"title": "Two", "link": TWO, "position": 2},
        ],
        "peopleAlsoAsk": [],
    },
}
ALL = list(REPLIES)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for env in ENVS.values():
        monkeypatch.setenv(env, KEY)


@pytest.mark.parametrize("name", ALL)
async def test_every_provider_gives_the_same_form(name: str, site, ask) -> None:
    site.say(PATHS[name], json.dumps(REPLIES[name]), kind="application/json")
    seen = await ask(web_search(name, base_url=site.url), query=" where is\nthe Sul? ", limit=7)
    assert seen.text == f"1. One\n   {ONE}\n   The Sul rises.\n2. Two\n   {TWO}"
    short = await ask(web_search(name, base_url=site.url), query="sul", limit=1)
    assert short.text.count("http") == 1


async def test_requests_are_as_documented(site, ask) -> None:
    for name in ALL:
        site.say(PATHS[name], json.dumps(REPLIES[name]), kind="application/json")
        await ask(web_search(name, base_url=site.url + "/"), query="a & b", limit=7)
    searxng, tavily, brave, serper = site.requests
    assert parse_qs(urlsplit(searxng.path).query) == {"q": ["a & b"], "format": ["json"]}
    assert (tavily.method, json.loads(tavily.body)) == (
        "POST",
        {"query": "a & b", "max_results": 7},
    )
    assert tavily.headers["authorization"] == f"Bearer {KEY}"
    assert parse_qs(urlsplit(brave.path).query) == {"q": ["a & b"], "count": ["7"]}
    assert (brave.method, brave.headers["x-subscription-token"]) == ("GET", KEY)
    assert (serper.method, json.loads(serper.body)) == ("POST", {"q": "a & b", "num": 7})
    assert serper.headers["x-api-key"] == KEY
    assert serper.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("400 Bad Request", "does not take this query"),
        ("401 Unauthorized", "refused the key in"),
        ("403 Forbidden", "refused the key in|no JSON: add `json`"),
        ("429 Too Many Requests", "too many requests"),
        ("432 Limit", "is used up"),
        ("500 Oops", "answered 500 Internal Server Error"),
        ("302 Found", "answered 302 Found"),
    ],
)
async def test_errors_are_told_and_keys_are_not(
    name: str, status: str, said: str, site, ask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site.say(PATHS[name], f"bad key {KEY}", status=status, Location=site.url + "/elsewhere")
    search = web_search(name, base_url=site.url)
    seen = await ask(search, query="sul")
    assert seen.error
    known = [*said.split("|"), f"{name} answered {status[:3]}"]
    assert any(part in seen.text for part in known)
    assert KEY not in seen.text + caplog.text + repr(search) + str(search.spec)
    assert len(site.requests) == 1


async def test_a_key_that_comes_back_in_a_hit_is_hidden(site, ask) -> None:
    entry = {"title": f"key {KEY}", "link": f"https://x.example/?k={KEY}", "snippet": KEY}
    site.say("/search", json.dumps({"organic": [entry]}), kind="application/json")
    seen = await ask(web_search("serper", base_url=site.url), query="sul")
    assert "1. key [redacted]" in seen.text
    assert KEY not in seen.text


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[" * 100_000, b"[]", b'{"results": {}}', b'{"results": 5}', b"\xff\xfe"],
    ids=lambda body: repr(body[:12]),
)
async def test_a_reply_of_another_form_is_told(body: bytes, site, ask) -> None:
    site.say("/search", body, kind="application/json")
    seen = await ask(web_search("tavily", base_url=site.url), query="sul")
    assert "the reply of tavily cannot be read" in seen.text


async def test_limits_of_a_reply(site, ask) -> None:
    search = web_search(base_url=site.url)
    site.say("/search", gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")
    assert "more than 5,000,000 bytes" in (await ask(search, query="sul")).text
    site.say("/search", json.dumps({"results": []}))
    assert (await ask(search, query="sul")).text == "Nothing found. Try other words."
    many = [
        {"url": f"https://{n}.example/", "title": "x", "content": "y" * 9_999} for n in range(99)
    ]
    site.say("/search", json.dumps({"results": many}))
    seen = await ask(search, query="sul", limit=1_000)
    assert (seen.text.count("https://"), seen.ref) == (20, None)
    assert "1 to 400 characters" in (await ask(search, query="s" * 401)).text
    assert "1 to 400 characters" in (await ask(search, query="  ")).text


async def test_a_proxy_of_the_environment_is_not_used(
    site, ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    site.say("/search", json.dumps(REPLIES["searxng"]))
    assert not (await ask(web_search(base_url=site.url), query="sul")).error


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (["google"], {}, "brave"),
        (["searxng"], {}, "base_url="),
        (["searxng"], {"base_url": "localhost:8080"}, "base_url"),
        (["tavily"], {"key_env": "NO_SUCH_KEY"}, "NO_SUCH_KEY"),
        (["tavily"], {"price": -1}, "price"),
    ],
)
def test_wrong_options_are_usage_errors(
    arguments: list[str], options: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        web_search(*arguments, **options)


def test_a_key_with_odd_characters_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAVILY_API_KEY", f"{KEY}\nHost: evil")
    with pytest.raises(UsageError, match="odd characters") as raised:
        web_search("tavily")
    assert KEY not in str(raised.value)


def test_prices() -> None:
    assert web_search(base_url="http://localhost").least_cost == Decimal(0)
    assert web_search("brave").least_cost is None
    assert web_search("brave", price="0.005").least_cost == Decimal("0.005")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["web", "results", "organic", "url", "link", "title", "x"]), inner
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON, st.sampled_from(ALL))
def test_any_json_is_hits_or_a_value_error(value: object, name: str) -> None:
    body = json.dumps(value).encode()
    try:
        found = hits(PROVIDERS[name], body, 5)
    except ValueError:
        return
    assert all(isinstance(hit, WebResult) and hit.url.startswith("http") for hit in found)
