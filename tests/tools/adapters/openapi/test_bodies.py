"""Bodies that are no JSON, on the wire; documents of the shapes of Twilio, Stripe and petstore."""

from __future__ import annotations

import base64
import email.parser
import email.policy
import json
import logging
from typing import Any
from urllib.parse import parse_qsl

import pytest

from outlay.journal.records import ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import ToolContext
from outlay.tools.adapters import from_openapi

FORM = "application/x-www-form-urlencoded"


def body(kind: str, schema: Any = None, required: bool = False, **more: Any) -> dict[str, Any]:
    media = {**({"schema": schema} if schema is not None else {}), **more}
    return {"requestBody": {"required": required, "content": {kind: media}}}


def parts_of(asked: dict[str, Any]) -> list[tuple[str, str | None, str, str]]:
    """Returns the parts of a multipart body: name, file name, content type, text."""
    head = f"Content-Type: {asked['headers']['content-type']}\r\n\r\n"
    message = email.parser.Parser(policy=email.policy.HTTP).parsestr(head + asked["body"])
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_content_type() if part["content-type"] else "",
            part.get_payload(),
        )
        for part in message.iter_parts()  # type: ignore[attr-defined]
    ]


async def test_an_optional_form_is_sent(sent: Any) -> None:
    """As all 62 POSTs of Twilio's messaging: a form that the document does not call required."""
    schema = {
        "type": "object",
        "required": ["To"],
        "properties": {
            "To": {"type": "string"},
            "Body": {"type": "string"},
            "MediaUrl": {"type": "array", "items": {"type": "string"}},
            "Attributes": {},
            "SendAsMms": {"type": "boolean"},
        },
    }
    told = {"To": "+1 555", "Body": "é&=", "MediaUrl": ["a", "b"], "SendAsMms": True}
    asked = await sent(body(FORM, schema), body={**told, "Attributes": {"k": [1]}})
    assert asked["headers"]["content-type"] == FORM
    assert parse_qsl(asked["body"], strict_parsing=True) == [
        ("To", "+1 555"), ("Body", "é&="), ("MediaUrl", "a"), ("MediaUrl", "b"),
        ("SendAsMms", "true"), ("Attributes", '{"k":[1]}'),
    ]  # fmt: skip


async def test_parts_of_a_form_have_styles(sent: Any) -> None:
    """As Stripe's: nested objects under `deepObject`."""
    encoding = {
        "items": {"style": "deepObject", "explode": True},
        "ids": {"style": "pipeDelimited"},
        "tags": {"explode": False},
    }
    asked = await sent(
        body(FORM, {"type": "object"}, encoding=encoding),
        body={"items": [{"price": "p", "meta": {"a": 1}}], "ids": [1, 2], "tags": ["x", "y"]},
    )
    assert parse_qsl(asked["body"]) == [
        ("items[0][price]", "p"), ("items[0][meta][a]", "1"), ("ids", "1|2"), ("tags", "x,y"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "arrived"),
    [
        ("hello", "hello"),
        ({"text": "hello"}, "hello"),
        ({"base64": base64.b64encode(b"\x00\x7f").decode()}, "\x00\x7f"),
    ],
)
async def test_bytes_are_uploaded(sent: Any, value: Any, arrived: str) -> None:
    """As petstore's uploadFile."""
    told = body("application/octet-stream", {"type": "string", "format": "binary"})
    asked = await sent(told, body=value)
    assert (asked["body"], asked["headers"]["content-type"]) == (
        arrived,
        "application/octet-stream",
    )


@pytest.mark.parametrize(
    ("kind", "schema", "arrived_as"),
    [
        ("text/plain", {"type": "string"}, "text/plain"),
        ("text/csv; charset=utf-8", None, "text/csv"),
        ("image/png", {}, "image/png"),
        ("application/xml", {"type": "string"}, "application/xml"),
        ("*/*", {"type": "string", "format": "binary"}, "application/octet-stream"),
        ("application/vnd.api+json", {"type": "string"}, "application/vnd.api+json"),
        ("*/*", {"type": "object"}, "application/json"),
    ],
)
async def test_other_media_types(sent: Any, kind: str, schema: Any, arrived_as: str) -> None:
    value = {"a": 1} if schema == {"type": "object"} else "x"
    asked = await sent(body(kind, schema), body=value)
    assert asked["headers"]["content-type"] == arrived_as
    assert asked["body"] in ("x", '"x"', '{"a":1}')


async def test_files_and_fields_in_parts(sent: Any) -> None:
    schema = {
        "type": "object",
        "properties": {
            "attributes": {"type": "object"},
            "names": {"type": "array", "items": {"type": "string"}},
            "file": {"type": "string", "format": "binary"},
            "more": {"type": "array", "items": {"type": "string", "format": "binary"}},
            "icon": {"contentMediaType": "image/png"},
        },
    }
    encoding = {"icon": {"contentType": "image/png, image/jpeg"}}
    asked = await sent(
        body("multipart/form-data", schema, encoding=encoding),
        body={
            "attributes": {"name": "é"}, "names": ["a", "b"],
            "file": {"text": "t", "filename": "a.txt"},
            "more": ["1", {"base64": "Mg==", "filename": "2.bin"}], "icon": "png",
        },
    )  # fmt: skip
    assert parts_of(asked) == [
        ("attributes", None, "application/json", '{"name":"é"}'),
        ("names", None, "", "a"),
        ("names", None, "", "b"),
        ("file", "a.txt", "text/plain", "t"),
        ("more", "more", "application/octet-stream", "1"),
        ("more", "2.bin", "application/octet-stream", "2"),
        ("icon", "icon", "image/png", "png"),
    ]


async def test_json_is_chosen_where_there_is_a_choice_and_keeps_its_digits(sent: Any) -> None:
    told = body(FORM, {"type": "object"})
    told["requestBody"]["content"]["application/json"] = {"schema": {"type": "object"}}
    asked = await sent(told, body={"n": 123456789012345678901234567890})
    assert asked["body"] == '{"n":123456789012345678901234567890}'


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (body("application/xml", {"type": "object"}), "can be application/xml only"),
        (body("multipart/mixed", {"type": "object"}, required=True), "can be multipart/mixed only"),
        (body("image/*", {"type": "string", "format": "binary"}), "can be image/* only"),
        (
            body("multipart/form-data", {"properties": {"a": {}}},
                 encoding={"a": {"headers": {"X-Id": {"required": True}}}}),
            "needs headers of its own",
        ),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_sent_leaves_its_operation_out_by_name(
    api: Any, caplog: pytest.LogCaptureFixture, told: dict[str, Any], why: str
) -> None:
    document = {
        "openapi": "3.0.0",
        "servers": [{"url": api.url}],
        "paths": {"/x": {"post": {"operationId": "odd", **told}, "get": {"operationId": "even"}}},
    }
    with caplog.at_level(logging.WARNING):
        tools = from_openapi(document)
    assert [tool.spec.name for tool in tools] == ["even"]
    assert why in tools.left_out["odd"]
    assert "operation 'odd' cannot be used" in caplog.text
    with pytest.raises(UsageError, match="leave it out with keep="):
        from_openapi(document, keep=lambda name: name == "odd")


@pytest.mark.parametrize("value", [{"base64": "no base64!"}, {}, {"text": "a", "base64": "YQ=="}])
async def test_what_is_no_file_is_told_and_not_sent(
    api: Any, context: ToolContext, value: Any
) -> None:
    document = {
        "openapi": "3.0.0",
        "servers": [{"url": api.url}],
        "paths": {"/x": {"post": {"operationId": "op", **body("application/pdf", {})}}},
    }
    (tool,) = from_openapi(document)
    observation = await tool.run(ToolCall("1", "op", json.dumps({"body": value})), context)
    assert observation.error
    assert "'body'" in observation.text
    assert api.asked == []
