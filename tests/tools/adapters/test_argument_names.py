from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from reading import fault

from outlay.journal.records import ToolCall
from outlay.tools import ToolContext
from outlay.tools.adapters.argument_names import ArgumentNames
from outlay.tools.adapters.json_schema import checker
from outlay.tools.adapters.schema_tool import foreign_tool

TAKEN = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


async def test_names_that_providers_refuse_are_shown_as_others(context: ToolContext) -> None:
    names = ["StartTime", "StartTime<", "StartTime>", "project_ids[]", "project_ids", "$top"]
    schema = {
        "type": "object",
        "properties": {name: {"type": "string", "description": "When."} for name in names},
        "required": ["StartTime<"],
        "additionalProperties": False,
    }
    tool = foreign_tool(
        "list", "Lists.", schema, lambda arguments, _: json.dumps(arguments),
        checker=checker(schema, "list"), price=lambda **arguments: len(arguments),
    )  # fmt: skip
    assert list(tool.spec.parameters["properties"]) == [
        "StartTime", "StartTime_lt", "StartTime_gt", "project_ids_2", "project_ids", "top",
    ]  # fmt: skip
    assert tool.spec.parameters["required"] == ["StartTime_lt"]
    shown = tool.spec.parameters["properties"]["StartTime_lt"]
    assert shown["description"] == "StartTime<: When."
    assert fault(tool, '{"StartTime": "a"}') is not None
    observation = await tool.run(
        ToolCall("1", "list", '{"StartTime_lt": "a", "project_ids_2": "b", "project_ids": "c"}'),
        context,
    )
    assert json.loads(observation.text) == {
        "StartTime<": "a", "project_ids[]": "b", "project_ids": "c",
    }  # fmt: skip


def test_other_schemas_stay_as_they_are() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"a.b-c": True}}
    assert ArgumentNames.of(schema).shown(schema) == schema
    assert ArgumentNames.of({"type": "object"}).own == {}


@given(st.lists(st.text(max_size=80), unique=True, max_size=12))
def test_every_argument_has_one_name_that_is_taken_and_comes_back(names: list[str]) -> None:
    schema = {"properties": {name: {} for name in names}, "required": names}
    found = ArgumentNames.of(schema)
    shown = found.shown(schema)
    assert len(shown["properties"]) == len(names)
    assert all(TAKEN.fullmatch(name) for name in shown["properties"])
    assert shown["required"] == list(shown["properties"])
    assert list(found.restored(dict.fromkeys(shown["properties"]))) == names
