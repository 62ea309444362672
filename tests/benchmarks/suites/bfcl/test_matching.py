"""Which calls are accepted: the rules of the AST check, one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suites.bfcl import all_match, matches
from outlay.benchmarks.suites.call_world import FunctionCall

DOCUMENT: dict[str, Any] = {
    "name": "shop.find",
    "parameters": {
        "type": "dict",
        "properties": {
            "city": {"type": "string"},
            "size": {"type": "float"},
            "count": {"type": "integer"},
            "open": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "sizes": {"type": "array", "items": {"type": "float"}},
            "where": {"type": "dict"},
            "stops": {"type": "array", "items": {"type": "dict"}},
        },
        "required": ["city"],
    },
}
ACCEPTED: dict[str, list[Any]] = {
    "city": ["New York, NY", "NYC"],
    "size": [3.0, ""],
    "count": ["", 2],
    "open": [True, ""],
    "tags": [["cheap", "big"], ""],
    "sizes": [[1.0, 2.0], ""],
    "where": [{"lat": [1.5], "zone": ["", "A"]}, ""],
    "stops": [[{"at": ["Rome"]}, {"at": ["Oslo"]}], ""],
}


def accepted(**arguments: Any) -> bool:
    return matches(FunctionCall("shop_find", arguments), {"shop.find": ACCEPTED}, [DOCUMENT])


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ({}, True),
        ({"size": 3.0}, True),
        ({"size": 3}, True),
        ({"size": "3"}, False),
        ({"count": 2}, True),
        ({"count": 2.0}, False),
        ({"count": True}, False),
        ({"open": True}, True),
        ({"open": 1}, False),
        ({"tags": ["Cheap", "b-i-g"]}, True),
        ({"tags": ["big", "cheap"]}, False),
        ({"tags": ["cheap"]}, False),
        ({"tags": ["cheap", 1]}, False),
        ({"sizes": [1.0, 2.0]}, True),
        ({"where": {"lat": 1.5}}, True),
        ({"where": {"lat": 1.5, "zone": "a"}}, True),
        ({"where": {"lat": 1.5, "zone": "b"}}, False),
        ({"where": {"zone": "A"}}, False),
        ({"where": {"lat": 1.5, "more": 1}}, False),
        ({"stops": [{"at": "rome"}, {"at": "oslo"}]}, True),
        ({"stops": [{"at": "oslo"}, {"at": "rome"}]}, False),
        ({"stops": [{"at": "rome"}]}, False),
        ({"unknown": 1}, False),
    ],
)
def test_an_argument_has_to_be_of_the_type_and_among_the_accepted(
    arguments: dict[str, Any], right: bool
) -> None:
    assert accepted(city="NYC", **arguments) is right


def test_what_is_required_has_to_be_there() -> None:
    assert not accepted(size=3.0)


def test_the_name_has_to_be_the_same() -> None:
    call = FunctionCall("shop.find", {"city": "NYC"})
    assert not matches(call, {"shop.find": ACCEPTED}, [DOCUMENT])


def test_an_argument_that_may_not_be_left_out_is_missed() -> None:
    needed = {**ACCEPTED, "size": [3.0]}
    assert not matches(
        FunctionCall("shop_find", {"city": "NYC"}), {"shop.find": needed}, [DOCUMENT]
    )


@given(st.lists(st.sampled_from(" ,./-_*^"), max_size=6), st.booleans())
def test_case_blanks_and_marks_of_a_text_do_not_matter(marks: list[str], upper: bool) -> None:
    text = "New York NY"
    for place, mark in enumerate(marks):
        text = text[: place * 2] + mark + text[place * 2 :]
    assert accepted(city=text.upper() if upper else text)


@given(st.permutations(range(3)))
def test_parallel_calls_match_in_any_order_and_each_once(order: list[int]) -> None:
    possible = [{"shop.find": {**ACCEPTED, "count": [n]}} for n in range(3)]
    calls = [FunctionCall("shop_find", {"city": "NYC", "count": n}) for n in order]
    assert all_match(calls, possible, [DOCUMENT])
    assert not all_match(calls[:2], possible, [DOCUMENT])
    assert not all_match([calls[0], calls[0], calls[1]], possible, [DOCUMENT])


def test_no_call_is_right_where_none_is_accepted() -> None:
    assert all_match([], [], [DOCUMENT])
    assert not all_match([FunctionCall("shop_find", {"city": "NYC"})], [], [DOCUMENT])
