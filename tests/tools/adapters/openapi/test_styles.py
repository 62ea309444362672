"""Parameters on the wire, in every style of OpenAPI; the values are those of its own table."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import ToolContext
from outlay.tools.adapters import from_openapi
from outlay.tools.adapters.openapi.operation import Style
from outlay.tools.adapters.openapi.styles import pairs

LIST = ["blue", "black", "brown"]
COLOUR = {"R": 100, "G": 200, "B": 150}


def parameter(place: str, **more: Any) -> dict[str, Any]:
    return {"parameters": [{"name": "color", "in": place, "required": True, **more}]}


@pytest.mark.parametrize(
    ("style", "explode", "value", "path"),
    [
        ("simple", False, "blue", "/blue"),
        ("simple", False, LIST, "/blue,black,brown"),
        ("simple", False, COLOUR, "/R,100,G,200,B,150"),
        ("simple", True, COLOUR, "/R=100,G=200,B=150"),
        ("simple", False, ["a,b", "c/d"], "/a%2Cb,c%2Fd"),
        ("label", False, "blue", "/.blue"),
        ("label", False, LIST, "/.blue,black,brown"),
        ("label", True, LIST, "/.blue.black.brown"),
        ("label", True, COLOUR, "/.R=100.G=200.B=150"),
        ("matrix", False, "blue", "/;color=blue"),
        ("matrix", False, LIST, "/;color=blue,black,brown"),
        ("matrix", True, LIST, "/;color=blue;color=black;color=brown"),
        ("matrix", False, COLOUR, "/;color=R,100,G,200,B,150"),
        ("matrix", True, COLOUR, "/;R=100;G=200;B=150"),
    ],
)
async def test_paths(sent: Any, style: str, explode: bool, value: Any, path: str) -> None:
    told = parameter("path", style=style, explode=explode, schema={})
    assert (await sent(told, path="/{color}", color=value))["path"] == path


@pytest.mark.parametrize(
    ("style", "explode", "value", "query"),
    [
        ("form", True, "", "color="),
        ("form", True, LIST, "color=blue&color=black&color=brown"),
        ("form", False, LIST, "color=blue,black,brown"),
        ("form", False, ["a,b", "c d"], "color=a%2Cb,c%20d"),
        ("form", True, COLOUR, "R=100&G=200&B=150"),
        ("form", False, COLOUR, "color=R,100,G,200,B,150"),
        ("spaceDelimited", False, LIST, "color=blue%20black%20brown"),
        ("spaceDelimited", False, COLOUR, "color=R%20100%20G%20200%20B%20150"),
        ("spaceDelimited", True, LIST, "color=blue&color=black&color=brown"),
        ("pipeDelimited", False, LIST, "color=blue%7Cblack%7Cbrown"),
        ("pipeDelimited", None, LIST, "color=blue%7Cblack%7Cbrown"),
        ("deepObject", True, COLOUR, "color[R]=100&color[G]=200&color[B]=150"),
        ("deepObject", None, {"a": {"b": {"c": 1}}}, "color[a][b][c]=1"),
        ("deepObject", None, {"a": [{"b": 1}, {"b": 2}]}, "color[a][0][b]=1&color[a][1][b]=2"),
        ("deepObject", None, {"gte": "2020-01-01", "x": None}, "color[gte]=2020-01-01"),
        (None, None, LIST, "color=blue&color=black&color=brown"),
        (None, None, [True, 1.5, 10**25], f"color=true&color=1.5&color={10**25}"),
        (None, False, {"a": ["b", {"c": 1}]}, "color=a,%5B%22b%22%2C%7B%22c%22%3A1%7D%5D"),
    ],
)
async def test_queries(
    sent: Any, style: str | None, explode: bool | None, value: Any, query: str
) -> None:
    told = {"style": style, "explode": explode}
    told = {key: told[key] for key in told if told[key] is not None}
    asked = await sent(parameter("query", schema={}, **told), color=value)
    assert asked["path"].partition("?")[2].replace("%5B", "[").replace("%5D", "]") == query.replace(
        "%5B", "["
    ).replace("%5D", "]")


async def test_reserved_characters_and_json_in_a_query(sent: Any, api: Any) -> None:
    told = parameter("query", schema={}, allowReserved=True)
    assert (await sent(told, color="a:b/c?d&e"))["path"] == "/x?color=a:b/c?d%26e"
    api.asked.clear()
    told = parameter("query", content={"application/json": {"schema": {"type": "object"}}})
    (pair,) = parse_qsl(urlsplit((await sent(told, color={"a": [1]}))["path"]).query)
    assert pair == ("color", '{"a":[1]}')


@pytest.mark.parametrize(
    ("place", "explode", "value", "line"),
    [
        ("header", False, LIST, "blue,black,brown"),
        ("header", True, COLOUR, "R=100,G=200,B=150"),
        ("cookie", False, LIST, "color=blue,black,brown"),
        ("cookie", True, LIST, "color=blue; color=black; color=brown"),
    ],
)
async def test_headers_and_cookies(
    sent: Any, place: str, explode: bool, value: Any, line: str
) -> None:
    asked = await sent(parameter(place, schema={}, explode=explode), color=value)
    assert asked["headers"]["color" if place == "header" else "cookie"] == line


async def test_a_cookie_cannot_be_smuggled_in_by_a_key(sent: Any) -> None:
    asked = await sent(parameter("cookie", schema={}), color={"a; session": "x; y"})
    assert asked["headers"]["cookie"] == "a%3B%20session=x%3B%20y"


def test_a_style_of_another_place_leaves_the_operation_out(api: Any) -> None:
    told = parameter("query", schema={}, style="matrix")
    document = {"openapi": "3.0.0", "servers": [{"url": api.url}], "paths": {"/x": {"get": told}}}
    with pytest.raises(UsageError, match="has the style 'matrix', not known there"):
        from_openapi(document)


JSON = st.recursive(
    st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.text(min_size=1), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_deep_objects_lose_no_value(value: Any) -> None:
    def leaves(part: Any) -> int:
        if isinstance(part, dict | list):
            return sum(map(leaves, part.values() if isinstance(part, dict) else part))
        return 1

    assert len(pairs("q", value, Style(kind="deepObject"))) == leaves(value)


async def test_names_that_providers_refuse_are_their_own_on_the_wire(
    api: Any, context: ToolContext
) -> None:
    """As Twilio's `StartTime<` and Slack's kin's `project_ids[]`."""
    names = ["StartTime<", "StartTime>", "project_ids[]"]
    told = {
        "operationId": "op",
        "parameters": [{"name": name, "in": "query", "schema": {}} for name in names],
    }
    document = {"openapi": "3.0.0", "servers": [{"url": api.url}], "paths": {"/x": {"get": told}}}
    (tool,) = from_openapi(document)
    assert list(tool.spec.parameters["properties"]) == [
        "StartTime_lt", "StartTime_gt", "project_ids",
    ]  # fmt: skip
    arguments = {"StartTime_lt": "2020", "StartTime_gt": "2019", "project_ids": [1, 2]}
    await tool.run(ToolCall("1", "op", json.dumps(arguments)), context)
    assert [asked["path"] for asked in api.asked] == [
        "/x?StartTime%3C=2020&StartTime%3E=2019&project_ids%5B%5D=1&project_ids%5B%5D=2"
    ]
