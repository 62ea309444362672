"""Whole documents, of the shapes of DigitalOcean's, GitHub's, Box's and OpenAI's."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from reading import fault

from outlay.journal.records import ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import FunctionTool, ToolContext
from outlay.tools.adapters import from_openapi
from outlay.tools.adapters.openapi import OperationTools


def document(url: str, paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "servers": [{"url": url}], "paths": paths, **more}


def get(**told: Any) -> dict[str, Any]:
    return {"get": {"operationId": "op", **told}}


def query(schema: Any, **more: Any) -> dict[str, Any]:
    return get(parameters=[{"name": "q", "in": "query", "schema": schema, **more}])


def with_body(schema: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"post": {"operationId": "op", "requestBody": {"required": True, "content": content}}}


def only(made: OperationTools) -> FunctionTool:
    (tool,) = made
    return tool


def one(paths: dict[str, Any], **more: Any) -> FunctionTool:
    return only(from_openapi(document("http://127.0.0.1:9", paths, **more)))


async def call(tool: FunctionTool, context: ToolContext, **arguments: Any) -> str:
    observation = await tool.run(ToolCall("1", tool.spec.name, json.dumps(arguments)), context)
    assert not observation.error, observation.text
    return observation.text


@pytest.fixture
def split(api: Any, tmp_path: Path) -> Path:
    """A document in files, as DigitalOcean's: operations, parameters and properties apart."""
    files = {
        "spec.yaml": document(
            api.url,
            {
                "/droplets/{id}": {"get": {"$ref": "resources/get.yml"}},
                "/inside": {"$ref": "#/x-paths/inside"},
                "/nowhere": {"get": {"$ref": "resources/none.yml"}},
                "/outside": {"get": {"$ref": "../outside.yml"}},
                "/hidden": {"get": {"$ref": ".secrets/token.json"}},
            },
            **{"x-paths": {"inside": {"get": {"operationId": "inside"}}}},
        ),
        "resources/get.yml": {
            "operationId": "get_droplet",
            "parameters": [{"$ref": "../shared/parameters.yml#/id"}],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "model.yml"}}}},
        },
        "resources/model.yml": {"type": "object", "properties": {"$ref": "fields.yml#/all"}},
        "resources/fields.yml": {
            "all": {"size": {"$ref": "#/size"}},
            "size": {"enum": ["no", "s"]},
        },
        "shared/parameters.yml": {"id": {"name": "id", "in": "path", "schema": {}}},
        "../outside.yml": {"operationId": "outside"},
        ".secrets/token.json": {"operationId": "hidden"},
    }  # fmt: skip
    folder = tmp_path / "folder"
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(content))
    return folder / "spec.yaml"


async def test_a_document_in_several_files(split: Path, api: Any, context: ToolContext) -> None:
    tools = from_openapi(split)
    assert [tool.spec.name for tool in tools] == ["get_droplet", "inside"]
    assert "resources/none.yml' leads nowhere" in tools.left_out["get/nowhere"]
    assert "leads out of the document's folder" in tools.left_out["get/outside"]
    assert "leads out of the document's folder" in tools.left_out["get/hidden"]
    properties = tools[0].spec.parameters["properties"]["body"]["properties"]
    assert properties == {"size": {"enum": ["no", "s"]}}
    await call(tools[0], context, id=3)
    assert [asked["path"] for asked in api.asked] == ["/droplets/3"]


def test_a_placeholder_that_nothing_fills_leaves_the_operation_out(api: Any) -> None:
    told = document(api.url, {"/a/{id}": get(), "/b": {"get": {"operationId": "other"}}})
    assert from_openapi(told).left_out == {"op": "no parameter fills {id} of its path"}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"nullable": True, "enum": ["a"]}, [None, "a"], ["b"]),
        ({"nullable": True, "allOf": [{"type": "string"}]}, [None, "a"], [1]),
        ({"nullable": True, "oneOf": [{"type": "string"}, {"type": "array"}]}, [None, "a"], [1]),
        ({"nullable": True, "type": "string", "allOf": [{"type": "string"}]}, [None], [1]),
        ({"nullable": True, "type": "object", "properties": {"a": {}}}, [None, {}], ["a"]),
        ({"nullable": True, "properties": {"nullable": {"type": "string"}}}, [None, {}], []),
        ({"$ref": "#/components/schemas/S", "nullable": True}, [None, "a"], [1]),
        ({"$ref": "#/components/schemas/S", "maxLength": 1}, ["a"], ["ab", 1]),
        ({"nullable": False, "type": "string"}, ["a"], [None]),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, [1], [0]),
        (
            {"required": ["id", "name"], "properties": {"id": {"readOnly": True}, "name": {}}},
            [{"name": 1}],
            [{"id": 1}],
        ),
        (
            {
                "allOf": [
                    {"properties": {"id": {"$ref": "#/components/schemas/Id"}}},
                    {"required": ["id", "a"], "properties": {"a": {}}},
                ]
            },
            [{"a": 1}],
            [{}],
        ),
        ({"items": {"required": ["readOnly"], "properties": {"readOnly": {}}}}, [[]], [[{}]]),
        ({"example": {"$ref": "#/nowhere"}, "type": "string"}, ["a"], [1]),
        ({"default": {"$ref": "x.yml"}, "enum": [{"$ref": "x"}]}, [{"$ref": "x"}], [1]),
        ({"properties": {"example": {"$ref": "#/components/schemas/S"}}}, [{"example": ""}],
         [{"example": 1}]),
        ({"properties": {"$ref": {"type": "string"}}}, [{"$ref": "a"}], [{"$ref": 1}]),
    ],
)  # fmt: skip
def test_schemas(schema: Any, good: list[Any], bad: list[Any]) -> None:
    schemas = {"S": {"type": "string"}, "Id": {"type": "string", "readOnly": True}}
    tool = one({"/x": with_body(schema)}, components={"schemas": schemas})
    for value in good:
        assert fault(tool, json.dumps({"body": value})) is None
    for value in bad:
        assert fault(tool, json.dumps({"body": value})) is not None


def test_what_stands_beside_a_reference_is_shown() -> None:
    parts = {
        "parameters": {"P": {"name": "q", "in": "query", "schema": {"type": "string"}}},
        "schemas": {"S": {"type": "string", "description": "Any text."}},
    }
    beside = {"$ref": "#/components/schemas/S", "description": "The city.", "default": "Melun"}
    tool = one({"/x": with_body({"properties": {"city": beside}})}, components=parts)
    assert tool.spec.parameters["properties"]["body"]["properties"]["city"] == {
        "type": "string", "description": "The city.", "default": "Melun",
    }  # fmt: skip
    told = get(parameters=[{"$ref": "#/components/parameters/P", "description": "Asked."}])
    assert one({"/x": told}, components=parts).spec.parameters["properties"]["q"] == {
        "type": "string", "description": "Asked.",
    }  # fmt: skip


async def test_a_path_behind_a_reference_keeps_what_stands_beside_it(
    api: Any, context: ToolContext
) -> None:
    shared = {"parameters": [{"name": "id", "in": "path", "schema": {}}]}
    told = document(
        api.url,
        {"/x/{id}#variant": {"$ref": "#/components/pathItems/X", **shared}},
        components={"pathItems": {"X": get()}},
    )
    await call(only(from_openapi(told)), context, id="7")
    assert [asked["path"] for asked in api.asked] == ["/x/7"]


async def test_a_request_says_who_asks_and_what_it_takes(sent: Any, api: Any) -> None:
    asked = await sent({})
    assert asked["headers"]["user-agent"] == "outlay"
    assert asked["headers"]["accept"] == "application/json, */*;q=0.5"
    answers = {"200": {"$ref": "#/components/responses/R"}, "404": {"content": {"text/html": {}}}}
    content = {"text/csv": {}, "application/vnd.x+json": {}, "bad\r\ntype/x": {}}
    components = {"responses": {"R": {"content": {**content}}}}
    api.asked.clear()
    asked = await sent({"responses": answers, "components": components})
    assert asked["headers"]["accept"] == "application/json, */*;q=0.5"
    del content["bad\r\ntype/x"]
    components = {"responses": {"R": {"content": content}}}
    api.asked.clear()
    asked = await sent({"responses": answers, "components": components})
    assert asked["headers"]["accept"] == "application/vnd.x+json, text/csv"
    api.asked.clear()
    asked = await sent({"responses": {"200": {"$ref": "#/nowhere"}, "201": None}})
    assert asked["headers"]["accept"] == "application/json, */*;q=0.5"


async def test_servers_of_a_path_and_of_an_operation_are_called(
    api: Any, second: Any, context: ToolContext, caplog: pytest.LogCaptureFixture
) -> None:
    own = [{"url": f"{second.url}/own"}]
    told = document(
        api.url,
        {
            "/all": {"get": {"operationId": "all"}},
            "/path": {"servers": own, "get": {"operationId": "path"}},
            "/operation": {"get": {"operationId": "operation", "servers": own}},
        },
    )
    for tool in from_openapi(told):
        await call(tool, context)
    assert [asked["path"] for asked in api.asked] == ["/all"]
    assert [asked["path"] for asked in second.asked] == ["/own/path", "/own/operation"]
    with caplog.at_level(logging.WARNING):
        tools = from_openapi(told, base_url=f"{api.url}/mine")
    assert "base_url stands for the servers that 2 operations have" in caplog.text
    for tool in tools:
        await call(tool, context)
    assert [asked["path"] for asked in api.asked[1:]] == [
        "/mine/all", "/mine/path", "/mine/operation",
    ]  # fmt: skip


def test_a_document_without_a_server_of_all_can_be_used() -> None:
    told = document("", {"/x": get(servers=[{"url": "http://127.0.0.1:9"}])})
    del told["servers"]
    assert from_openapi(told)


def test_credentials_do_not_follow_an_operation_to_its_server(
    api: Any, second: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", "sk-mine")
    told = document(
        api.url,
        {
            f"/{name}": {
                "get": {
                    "operationId": name,
                    "security": [{"mine": []}],
                    "servers": [{"url": second.url}],
                }
            }
            for name in "ab"
        },
        components={"securitySchemes": {"mine": {"type": "http", "scheme": "bearer"}}},
    )
    with pytest.raises(UsageError, match=r"each of 2 operations \('a', 'b'\) would send cred"):
        from_openapi(told, auth={"mine": "THE_KEY"})


MALFORMED = {
    "none": None,
    "parameters": {"parameters": [None]},
    "no name": {"parameters": [{"in": "nowhere", "name": "q"}]},
    "schema": {"parameters": [{"name": "q", "in": "query", "schema": "string"}]},
    "type": {"parameters": [{"name": "q", "in": "query", "schema": {"type": "any"}}]},
    "circle": {"requestBody": {"$ref": "#/components/requestBodies/A"}},
    "body": {"requestBody": {"required": True}},
    "security": {"security": [{"unknown": []}]},
    "digest": {"security": [{"digest": []}]},
    "strange": {"security": "all"},
    "large": {"parameters": [{"name": "q", "in": "query", "description": "x" * 40_000}]},
    "framing": {"parameters": [{"name": "Host", "in": "header"}]},
    "servers": {"servers": [{"url": "ftp://example.org"}]},
}


def test_parts_that_cannot_be_used_do_not_refuse_the_whole(
    api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    paths: dict[str, Any] = {
        f"/{name}": {"get": {"operationId": name, **told} if told is not None else None}
        for name, told in MALFORMED.items()
    }
    paths |= {"/good": get(), "/odd": None, "x-more": 1, "/list": [1], "no slash": get()}
    circle = {
        "A": {"$ref": "#/components/requestBodies/B"},
        "B": {"$ref": "#/components/requestBodies/A"},
    }
    components = {
        "securitySchemes": {"digest": {"type": "http", "scheme": "digest"}},
        "requestBodies": circle,
    }  # fmt: skip
    with caplog.at_level(logging.WARNING):
        tools = from_openapi(document(api.url, paths, components=components))
    assert [tool.spec.name for tool in tools] == ["op"]
    assert set(tools.left_out) == {
        *(MALFORMED.keys() - {"none"}), "get/none", "/odd", "/list", "op",
    }  # fmt: skip
    assert len(caplog.records) == 1


def test_what_only_the_owner_can_say_is_asked_for_at_once(api: Any) -> None:
    schemes = {name: {"type": "http", "scheme": "bearer"} for name in ("one", "two")}
    paths = {
        f"/{index}": {"get": {"operationId": f"op{index}", "security": [{scheme: []}]}}
        for index, scheme in enumerate(["one"] * 7 + ["two"])
    }
    told = document(api.url, paths, components={"securitySchemes": schemes})
    with pytest.raises(UsageError) as raised:
        from_openapi(told, base_url=api.url)
    assert str(raised.value) == (
        "each of 7 operations ('op0', 'op1', 'op2', 'op3', 'op4' and 2 more) needs credentials: "
        "give auth={'one': 'VARIABLE'}; "
        "operation 'op7' needs credentials: give auth={'two': 'VARIABLE'}"
    )


async def test_credentials_that_need_not_be_are_sent_where_they_are_named(
    api: Any, context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", "sk-mine")
    schemes = {"mine": {"type": "http", "scheme": "bearer"}}
    told = document(
        api.url,
        {"/x": get(security=[{}, {"mine": []}])},
        components={"securitySchemes": schemes},
    )
    await call(only(from_openapi(told)), context)
    await call(only(from_openapi(told, auth={"mine": "THE_KEY"}, base_url=api.url)), context)
    sent = [asked["headers"].get("authorization") for asked in api.asked]
    assert sent == [None, "Bearer sk-mine"]
