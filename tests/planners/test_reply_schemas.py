"""Schemas of replies: portable, closed where they can be, made from the tools on offer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from outlay.journal.records import ToolSpec
from outlay.planners.candidates import JudgeChoice
from outlay.planners.critic import Critique
from outlay.planners.loops.auto import ModeChoice
from outlay.planners.loops.plan_execute import StepwisePlan
from outlay.planners.reply_schemas import narrowed, schema_of, schema_of_plan
from outlay.planners.verified.bavt import StepScore
from outlay.planners.verified.checklist import Decomposition
from outlay.planners.verified.verifier import Verdict
from outlay.tools.adapters.json_schema import checker

FORMS = (Critique, Decomposition, JudgeChoice, ModeChoice, StepScore, StepwisePlan, Verdict)


def tool(name: str, parameters: Any) -> ToolSpec:
    return ToolSpec(name, "Does something.", parameters)


def arguments(*tools: ToolSpec) -> list[Any]:
    """Returns the schemas of the arguments that steps of a plan may have."""
    step = schema_of_plan(tools, most=3).schema["properties"]["steps"]["items"]
    return [one["properties"]["arguments"] for one in step.get("anyOf", [step])]


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_closed_and_end(form: type[BaseModel]) -> None:
    made = schema_of(form)
    checker(made.schema, "form")
    assert made.is_closed
    assert "$ref" not in made.text
    assert made.text.count('"array"') == made.text.count('"maxItems"')
    assert "title" not in made.text
    assert "default" not in made.text


def test_a_schema_can_be_narrowed() -> None:
    made = narrowed(schema_of(JudgeChoice), choice=range(1, 4))
    assert made.schema["properties"]["choice"] == {"type": "integer", "enum": [1, 2, 3]}
    assert made.is_closed


def test_a_plan_names_the_tools_and_their_arguments() -> None:
    search = tool("search", {
        "type": "object", "required": ["query"],
        "properties": {"query": {"type": "string", "description": "words", "minLength": 1},
                       "k": {"type": "integer", "default": 5, "minimum": 1}},
    })  # fmt: skip
    stop = tool("stop", {"type": "object", "properties": {}})
    made = schema_of_plan([search, stop], most=5)
    check = checker(made.schema, "plan")

    def valid(plan: Any) -> bool:
        return check(plan) is None

    assert valid({"steps": []})
    assert valid({"steps": [{"tool": "search", "arguments": {"query": "x", "k": 2}}]})
    assert valid({"steps": [{"tool": "stop", "arguments": {}}]})
    assert not valid({"steps": [{"tool": "find", "arguments": {"query": "x"}}]})
    assert not valid({"steps": [{"tool": "search", "arguments": {}}]})
    assert not valid({"steps": [{"tool": "search", "arguments": {"query": "x", "z": 1}}]})
    assert not valid({"steps": [{"tool": "stop", "arguments": {}}] * 6})
    assert not made.is_closed  # `k` may be left out
    assert schema_of_plan([stop], most=5).is_closed


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/nowhere"}}},
        {"type": "object", "properties": {"a": {"$ref": "https://example.org/a"}}},
        {"type": "object", "properties": {"a": {"allOf": [{"type": "string"}]}}},
        {"type": "object", "properties": {"a": True}},
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
        {},
    ],
)
def test_what_cannot_be_told_to_everyone_stays_open(parameters: Any) -> None:
    assert arguments(tool("odd", parameters)) == [{"type": "object"}]
    assert not schema_of_plan([tool("odd", parameters)], most=3).is_closed


def test_references_are_written_out() -> None:
    parameters = {
        "type": "object", "properties": {"at": {"$ref": "#/$defs/Point"}}, "required": ["at"],
        "$defs": {"Point": {"type": ["integer", "null"], "title": "Point"}},
    }  # fmt: skip
    [found] = arguments(tool("go", parameters))
    assert found["properties"]["at"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}


def test_a_plan_over_very_many_tools_names_them_alone() -> None:
    wide = {"type": "object", "properties": {f"field_{n}": {"type": "string"} for n in range(50)}}
    [found] = arguments(*(tool(f"tool_{n}", wide) for n in range(40)))
    assert found == {"type": "object"}


def test_a_plan_without_tools_is_empty_or_anything() -> None:
    assert checker(schema_of_plan([], most=3).schema, "plan")({"steps": []}) is None


simple = st.recursive(
    st.sampled_from([{"type": "string"}, {"type": "integer"}, {"enum": ["a", 1]}, {}, True]),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(
            lambda parts, needed, more: {
                "type": "object", "properties": parts, "required": needed,
                "additionalProperties": more,
            },
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            st.lists(st.sampled_from("abcd"), max_size=2, unique=True), st.booleans(),
        ),
    ),
    max_leaves=6,
)  # fmt: skip


@given(simple)
def test_any_tool_gives_a_sound_schema(parameters: Any) -> None:
    made = schema_of_plan([tool("any", parameters)], most=3)
    checker(made.schema, "form")
    if made.is_closed:
        assert '{"type":"object"}' not in made.text
