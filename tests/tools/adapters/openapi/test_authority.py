"""What a foreign OpenAPI document may not do: pick variables, servers, framing. As an attacker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outlay.journal.records import ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import ToolContext
from outlay.tools.adapters import from_openapi

KEYS = ("OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "OUTLAY_API_KEY", "PATH", "HOME")


def document(url: str, **operation: Any) -> dict[str, Any]:
    paths = operation.pop("paths", None)
    return {
        "openapi": "3.1.0",
        "servers": [{"url": url}],
        "components": {"securitySchemes": operation.pop("schemes", {})},
        "paths": paths or {"/x": {"get": {"operationId": "x", **operation}}},
    }


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS[:4]:
        monkeypatch.setenv(name, f"sk-{name.lower()}")
    monkeypatch.setenv("THE_KEY", "sk-mine")


def spellings(variable: str) -> list[str]:
    return [variable, variable.lower(), variable.replace("_", " "), variable.replace("_", "-")]


@pytest.mark.parametrize("variable", KEYS)
@pytest.mark.parametrize("place", ["header", "query", "cookie", "bearer"])
def test_a_scheme_cannot_name_a_variable(api: Any, variable: str, place: str) -> None:
    """96 tries, with and without another scheme that the owner has named; 0 got through."""
    for name in spellings(variable):
        scheme = (
            {"type": "http", "scheme": "bearer"}
            if place == "bearer"
            else {"type": "apiKey", "in": place, "name": "k"}
        )
        told = document(api.url, schemes={name: scheme}, security=[{name: []}])
        for auth in (None, {"mine": "THE_KEY"}):
            with pytest.raises(UsageError, match="needs credentials: give auth="):
                from_openapi(told, base_url=api.url, auth=auth)
    assert api.asked == []


BEARER = {"mine": {"type": "http", "scheme": "bearer"}}


def test_credentials_go_only_to_a_server_that_the_owner_named(api: Any) -> None:
    told = document(api.url, schemes=BEARER, security=[{"mine": []}])
    with pytest.raises(UsageError, match="which only the document names: give base_url="):
        from_openapi(told, auth={"mine": "THE_KEY"})
    assert from_openapi(told, auth={"mine": "THE_KEY"}, base_url=api.url)


@pytest.mark.parametrize("path", ["@localhost:9/x", ".localhost/x", ":9/x", "x", ""])
def test_a_path_cannot_lead_to_another_server(api: Any, path: str) -> None:
    told = document(api.url, schemes=BEARER, paths={path: {"get": {"security": [{"mine": []}]}}})
    with pytest.raises(UsageError, match="must begin with a slash"):
        from_openapi(told, auth={"mine": "THE_KEY"}, base_url=api.url)


def test_a_document_cannot_fill_in_the_owner_s_server(api: Any) -> None:
    told = document(api.url, schemes=BEARER, security=[{"mine": []}])
    told["servers"][0]["variables"] = {"host": {"default": "localhost:9"}}
    with pytest.raises(UsageError):
        from_openapi(told, auth={"mine": "THE_KEY"}, base_url="{host}")


FRAMING = (
    "Host", "host", "Cookie", "Set-Cookie", "Transfer-Encoding", "Transfer_Encoding",
    "Content-Length", "content_length", "Content-Encoding", "Connection", "Upgrade", "TE",
    "Trailer", "Expect", "Proxy-Authorization", "X-Forwarded-For", "X-Forwarded-Host",
    "Forwarded", "Origin",
    "X-HTTP-Method-Override", "X-Original-URL", "Sec-Fetch-Site", "Accept-Encoding", "a b", "a:b",
    "a\r\nHost", "",
)  # fmt: skip


@pytest.mark.parametrize("name", FRAMING)
def test_framing_is_not_the_document_s(api: Any, name: str) -> None:
    """As a parameter, and as the place of a key: 54 tries, of which 0 got through."""
    schema = {"type": "string"}
    told = document(api.url, parameters=[{"name": name, "in": "header", "schema": schema}])
    with pytest.raises(UsageError, match="not the document's to set: leave it out with keep="):
        from_openapi(told)
    assert from_openapi(told, keep=lambda operation: False) == []
    schemes = {"mine": {"type": "apiKey", "in": "header", "name": name}}
    told = document(api.url, schemes=schemes, security=[{"mine": []}])
    with pytest.raises(UsageError, match="may not put its key into"):
        from_openapi(told, base_url=api.url, auth={"mine": "THE_KEY"})


async def test_an_argument_cannot_replace_a_key_in_the_query(
    api: Any, context: ToolContext
) -> None:
    schemes = {"mine": {"type": "apiKey", "in": "query", "name": "key"}}
    open_object = {"name": "filter", "in": "query", "schema": {"type": "object"}}
    told = document(api.url, schemes=schemes, security=[{"mine": []}], parameters=[open_object])
    (tool,) = from_openapi(told, base_url=api.url, auth={"mine": "THE_KEY"})
    arguments = json.dumps({"filter": {"key": "theirs", "city": "Melun"}})
    await tool.run(ToolCall("1", "x", arguments), context)
    assert [asked["path"] for asked in api.asked] == ["/x?key=sk-mine&city=Melun"]


def test_keys_do_not_go_unencrypted_and_all_operations_are_told_at_once() -> None:
    paths = {
        f"/{name}": {"get": {"operationId": name, "security": [{"mine": []}]}} for name in "ab"
    }
    told = document("http://api.example.org", schemes=BEARER, paths=paths)
    with pytest.raises(
        UsageError, match=r"each of 2 operations \('a', 'b'\) cannot be called: the"
    ):
        from_openapi(told, base_url="http://api.example.org", auth={"mine": "THE_KEY"})
