from __future__ import annotations

from typing import Any

import pytest

from outlay.benchmarks.suites.bfcl.literals import Language, read_literal, write_literal


@pytest.mark.parametrize(
    ("text", "kind", "item", "language", "value"),
    [
        ("12", "integer", None, "Java", 12),
        ("12L", "long", None, "Java", 12),
        ("12", "long", None, "Java", "12"),
        ("1.5f", "float", None, "Java", 1.5),
        ("1e3", "double", None, "Java", 1000.0),
        ("true", "boolean", None, "Java", True),
        ("myFlag", "boolean", None, "Java", "myFlag"),
        ("text", "String", None, "Java", "text"),
        ("new int[]{1, 2}", "Array", "integer", "Java", [1, 2]),
        ('new String[] {"a", "b"}', "Array", "String", "Java", ["a", "b"]),
        ("new ArrayList<>(Arrays.asList(1L, 2L))", "ArrayList", "long", "Java", [1, 2]),
        (
            'new ArrayList<Object>() {{ add("a"); add(1); }}', "ArrayList", "any", "Java", ["a", 1],
        ),
        ("new ArrayList<>()", "ArrayList", "String", "Java", []),
        ("aList", "ArrayList", "String", "Java", "aList"),
        (
            'new HashMap<String, Object>() {{ put("a", 1); put("b", "c"); }}', "HashMap", None,
            "Java", {"a": 1, "b": "c"},
        ),
        ("new HashMap<>()", "HashMap", None, "Java", {}),
        ("'it'", "String", None, "JavaScript", "it"),
        ("12n", "Bigint", None, "JavaScript", 12),
        ("1.5", "float", None, "JavaScript", 1.5),
        ("false", "Boolean", None, "JavaScript", False),
        ("['a, b', \"c\"]", "array", "String", "JavaScript", ["a, b", "c"]),
        ("new Array(1, 2)", "array", "integer", "JavaScript", [1, 2]),
        ("[[1, 2], [3]]", "array", "array", "JavaScript", [[1, 2], [3]]),
        ("{a: 1, 'b': [true, x], c: {d: 'e'}}", "dict", None, "JavaScript",
         {"a": 1, "b": [True, "x"], "c": {"d": "e"}}),
        ("someObject", "dict", None, "JavaScript", "someObject"),
    ],
)  # fmt: skip
def test_a_literal_is_read_by_its_type(
    text: str, kind: str, item: str | None, language: Language, value: Any
) -> None:
    assert read_literal(text, kind, item, language) == value


@pytest.mark.parametrize(
    ("value", "kind", "item", "language"),
    [
        (5, "long", None, "Java"),
        (1.5, "float", None, "Java"),
        (["a", "b c"], "Array", "String", "Java"),
        (["a", 1, True], "ArrayList", "any", "Java"),
        ({"a": 1, "b": "c"}, "HashMap", None, "Java"),
        ("variable", "ArrayList", "any", "Java"),
        ([60.0, 30.0], "array", "float", "JavaScript"),
        ({"a": ["x"], "b": True}, "dict", None, "JavaScript"),
        ("plain", "String", None, "JavaScript"),
        (7, "Bigint", None, "JavaScript"),
    ],
)
def test_what_is_written_is_read_again(
    value: Any, kind: str, item: str | None, language: Language
) -> None:
    assert read_literal(write_literal(value, kind, item, language), kind, item, language) == value
