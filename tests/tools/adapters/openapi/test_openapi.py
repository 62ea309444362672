from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import fault

from outlay.journal.records import Observation, ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import FunctionTool, ToolContext
from outlay.tools.adapters import from_openapi


def param(name: str, place: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": {"type": kind}, **more}


def document(url: str) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "info": {"title": "Cities", "version": "1"},
        "servers": [{"url": url + "/{version}", "variables": {"version": {"default": "v1"}}}],
        "components": {
            "parameters": {"Limit": param("limit", "query", "integer")},
            "schemas": {
                "City": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string"},
                        "mayor": {"type": "string", "nullable": True},
                        "people": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
                        "near": {"type": "array", "items": {"$ref": "#/components/schemas/City"}},
                    },
                }
            },
            "securitySchemes": {
                "query key": {"type": "apiKey", "in": "query", "name": "key"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
        "paths": {
            "/cities/{id}": {
                "parameters": [param("id", "path", required=True)],
                "get": {
                    "operationId": "getCity",
                    "summary": "Tells about a city.",
                    "parameters": [
                        {"$ref": "#/components/parameters/Limit"},
                        param("id", "query"),
                        param("tags", "query", "array"),
                        param("X-Trace", "header"),
                        param("session", "cookie"),
                        param("filter", "query", "object", style="deepObject"),
                    ],
                },
                "put": {
                    "operationId": "putCity",
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/City"}}
                        },
                    },
                },
            },
            **{
                f"/{name}": {"get": {"operationId": name}}
                for name in ("away", "moved", "round", "packed", "picture", "endless", "missing")
            },
            "/unnamed/thing": {"post": {}},
            **{
                f"/with/{name}": {"get": {"operationId": f"with_{name}", "security": [{name: []}]}}
                for name in ("query key", "header", "bearer", "basic")
            },
        },
    }


def plain(name: str) -> bool:
    return not name.startswith("with_")


def tools_of(url: str, **options: Any) -> dict[str, FunctionTool]:
    options = {"keep": plain, **options}
    return {tool.spec.name: tool for tool in from_openapi(document(url), **options)}


async def use(tool: FunctionTool, context: ToolContext, **arguments: Any) -> Observation:
    call = ToolCall("call-1", tool.spec.name, json.dumps(arguments))
    assert fault(tool, call.arguments) is None, fault(tool, call.arguments)
    return await tool.run(call, context)


def test_operations_are_tools_with_names_hints_and_prices(api: Any) -> None:
    tools = tools_of(api.url, prices={"getCity": "0.01", "*": 0.5})
    assert {"getCity", "putCity", "post_unnamed_thing"} <= tools.keys()
    assert not any(tool.spec.read_only for tool in tools.values())
    assert tools["getCity"].least_cost == Decimal("0.01")
    assert tools["putCity"].least_cost == Decimal("0.5")
    assert tools["getCity"].spec.description == "Tells about a city."


async def test_every_parameter_goes_where_it_belongs(api: Any, context: ToolContext) -> None:
    observation = await use(
        tools_of(api.url)["getCity"], context, id_in_path="a/b?c", id_in_query="q&r", limit=3,
        tags=["x", "y"], session="s;1", filter={"near": True}, **{"X-Trace": "t"},
    )  # fmt: skip
    asked = json.loads(observation.text)
    assert asked["path"] == (
        "/v1/cities/a%2Fb%3Fc?limit=3&id=q%26r&tags=x&tags=y&filter%5Bnear%5D=true"
    )
    assert asked["headers"]["x-trace"] == "t"
    assert asked["headers"]["cookie"] == "session=s%3B1"


async def test_a_json_body_is_checked_and_sent(api: Any, context: ToolContext) -> None:
    tool = tools_of(api.url)["putCity"]
    city = {"name": "Melun", "mayor": None, "near": [{"name": "Soral"}]}
    observation = await use(tool, context, id="1", body=city)
    assert json.loads(json.loads(observation.text)["body"]) == city
    for wrong in ({"id": "1"}, {"id": "1", "body": {"name": 1}}, {"id": "1", "body": city, "x": 1}):
        assert "wrong arguments for putCity" in (fault(tool, json.dumps(wrong)) or "")
    assert fault(tool, json.dumps({"id": "1", "body": {"name": "M", "people": 0}})) is not None


@pytest.mark.parametrize("value", ["..", ".", ""])
async def test_a_path_value_cannot_leave_its_path(
    api: Any, context: ToolContext, value: str
) -> None:
    observation = await use(tools_of(api.url)["getCity"], context, id_in_path=value)
    assert "it is part of a path" in observation.text
    assert api.asked == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("away", "sends the call elsewhere, to localhost: not followed"),
        ("round", "sends the call on more than 5 times"),
        ("packed", "the answer is compressed"),
        ("picture", "[image/png, 4 bytes]"),
        ("endless", "the answer has more than 10,000,000 bytes"),
        ("missing", 'HTTP 404: {"error": "gone"'),
        ("moved", "/v1/echo?moved=1"),
    ],
)
async def test_answers_that_are_no_plain_answers(
    api: Any, context: ToolContext, name: str, said: str
) -> None:
    observation = await use(tools_of(api.url)[name], context)
    assert said in observation.text


async def test_a_server_that_is_down_is_an_observation(context: ToolContext) -> None:
    observation = await use(tools_of("http://127.0.0.1:9")["away"], context)
    assert observation.text.startswith("Error: the server could not be reached")


@pytest.mark.parametrize("scheme", ["query key", "header", "bearer", "basic"])
async def test_secrets_are_sent_and_never_shown(
    api: Any, context: ToolContext, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    secret = "user:hunter2/+a" if scheme == "basic" else "hunter2/+a"
    monkeypatch.setenv("THE_KEY", secret)
    tools = tools_of(
        api.url, keep=lambda name: name == f"with_{scheme}", auth={scheme: "THE_KEY"},
        base_url=f"{api.url}/v1",
    )  # fmt: skip
    (tool,) = tools.values()
    observation = await use(tool, context)
    sent = json.dumps(api.asked)
    assert any(
        form in sent for form in ("hunter2/+a", "hunter2%2F%2Ba", "dXNlcjpodW50ZXIyLythd"[:20])
    )
    assert "[redacted]" in observation.text
    assert "hunter2" not in observation.text
    assert "hunter2" not in repr(tool)


def test_a_missing_variable_is_named(api: Any) -> None:
    with pytest.raises(UsageError, match="set the variable NOT_SET"):
        from_openapi(document(api.url), auth={"query key": "NOT_SET"})


@pytest.mark.parametrize("name", ["api.json", "api.yaml"])
def test_documents_are_read_from_files(tmp_path: Path, name: str) -> None:
    dump = json.dumps if name.endswith("json") else yaml.safe_dump
    (tmp_path / name).write_text(dump(document("http://127.0.0.1:9")))
    assert from_openapi(tmp_path / name, keep=lambda name: name == "getCity")


def test_a_document_is_fetched_and_servers_are_relative_to_it(api: Any) -> None:
    with pytest.raises(UsageError, match="is no OpenAPI document of version 3"):
        from_openapi(f"{api.url}/v1/openapi.json")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "is no OpenAPI document"),
        ({"swagger": "2.0"}, "is no OpenAPI document"),
        ({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}}, "names no server to call"),
        ({"openapi": "3.1.0", "paths": {}}, "has no operations"),
        (Path("no/such/file.json"), "cannot be read: No such file"),
        (
            {
                "openapi": "3.1.0",
                "servers": [{"url": "https://example.org"}],
                "paths": {"/x": {"$ref": "other.yaml"}},
            },
            "leads out of the document",
        ),
    ],
)
def test_a_document_that_cannot_be_used_is_a_usage_error(content: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        from_openapi(content)


def test_a_price_for_no_operation_is_a_usage_error(api: Any) -> None:
    with pytest.raises(UsageError, match="no tool is named 'getTown', which has a price"):
        tools_of(api.url, prices={"getTown": 1})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)

ARGUMENTS = ("id", "id_in_path", "id_in_query", "tags", "filter", "X-Trace", "body")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["getCity", "putCity"]),
    arguments=st.fixed_dictionaries({}, optional=dict.fromkeys(ARGUMENTS, JSON)),
)
def test_no_arguments_break_an_operation(name: str, arguments: dict[str, Any]) -> None:
    from outlay.ledger.errors import ToolError
    from outlay.tools.adapters.openapi.credentials import Credentials
    from outlay.tools.adapters.openapi.document import OpenApiDocument
    from outlay.tools.adapters.openapi.request import build

    tool = tools_of("http://127.0.0.1:9")[name]
    if fault(tool, json.dumps(arguments)) is not None:
        return
    read = OpenApiDocument(document("http://x"))
    (operation,) = [read.operation(entry) for entry in read.entries() if entry.id == name]
    try:
        request = build(operation, "http://127.0.0.1:9/v1", arguments, Credentials())
    except ToolError:
        return
    assert request.url.host == "127.0.0.1"
    assert request.url.path.startswith("/v1/cities/")
