"""Every kind of value that functions return, also those of packages that are not installed here."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import itertools
import json
import sqlite3
from collections import UserDict, deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, field_serializer

from outlay.tools.functions.foreign_values import LONGEST_REPR, MOST_ITEMS
from outlay.tools.functions.rendering import render


class Frame:
    """What a data frame of pandas has, as far as it is used."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows

    def head(self, rows: int) -> Frame:
        return Frame(min(rows, self.rows))

    def to_csv(self) -> str:
        return "a\n" + "1\n" * self.rows


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Wordy:
    def __repr__(self) -> str:
        return "w" * 5_000


class Held(BaseModel, arbitrary_types_allowed=True):
    value: Any
    secret: SecretStr = SecretStr("hush")


class Broken(BaseModel):
    value: int = 1
    hidden: str = Field("hush", exclude=True)

    @field_serializer("value")
    def fail(self, value: int) -> int:
        raise ValueError("no")


@dataclasses.dataclass
class Pair:
    left: Any
    right: Any = None


def row(**values: Any) -> sqlite3.Row:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    named = ", ".join(f"{json.dumps(value)} as {name}" for name, value in values.items())
    found: sqlite3.Row = connection.execute(f"select {named}").fetchone()
    connection.close()
    return found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.int64(3), "3"),
        (np.bool_(True), "true"),
        (np.float32(1.5), "1.5"),
        (np.array([[1, 2], [3, 4]]), "[[1,2],[3,4]]"),
        ({"n": np.int64(3), "of": [np.float64(0.5)]}, '{"n":3,"of":[0.5]}'),
        ({np.int64(3): 1}, '{"3":1}'),
        (row(a=1, b=2), '{"a":1,"b":2}'),
        ([row(a=1)], '[{"a":1}]'),
        (Frame(2), "a\n1\n1\n"),
        ({"error": ValueError("no such city")}, '{"error":"ValueError: no such city"}'),
        (KeyError(), "KeyError"),
        (Pair(np.int64(1), b"\xff"), '{"left":1,"right":"\ufffd"}'),
        (Held(value=np.int64(1)), '{"value":1,"secret":"**********"}'),
        (Broken(), '{"value":1}'),
        (datetime.datetime(2026, 1, 2), '"2026-01-02T00:00:00"'),
        ([datetime.timedelta(1), Decimal("1.50")], '["P1D","1.50"]'),
        ({1}, "[1]"),
        ([b"\xff", "\ud800"], '["\ufffd","\ufffd"]'),
        ({(1, 2): b"\xff", None: 10**20}, '{"[1, 2]":"\ufffd","None":100000000000000000000}'),
        ([float("nan"), b"\xff"], '["NaN","\ufffd"]'),
        (map(str, [1, 2]), '["1","2"]'),
        ([range(2), {}.keys(), deque([1]), UserDict(a=1)], '[[0,1],[],[1],{"a":1}]'),
        (Unshowable(), "(a Unshowable that cannot be shown)"),
        ([Unshowable(), 1], '["(a Unshowable that cannot be shown)",1]'),
        (1 + 2j, '"1+2j"'),
    ],
)
def test_a_value_is_told_as_nearly_as_json_can(value: Any, text: str) -> None:
    assert render(value) == text


def test_a_mock_has_no_end() -> None:
    assert render({"client": MagicMock()})


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (Frame(MOST_ITEMS + 1), f"(the first {MOST_ITEMS:,} of {MOST_ITEMS + 1:,} rows)"),
        (itertools.count(), f"(the first {MOST_ITEMS:,}; there are more)"),
        (np.zeros((MOST_ITEMS, 2)), f"(shape ({MOST_ITEMS}, 2))"),
        (Wordy(), "… (5,000 characters in all)"),
        (functools.reduce(lambda inner, _: [inner, inner], range(40), [b"\xff"]), "(more)"),
    ],
)
def test_what_is_left_out_is_told(value: Any, note: str) -> None:
    text = render(value)
    assert note in text
    assert len(text) < 2_000_000


def test_a_long_repr_is_cut() -> None:
    assert len(render([Wordy()])) < LONGEST_REPR + 100


def lazily(values: list[Any]) -> Iterator[Any]:
    yield from values


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary(max_size=4)
    | st.text(st.characters(), max_size=4)
    | st.decimals()
    | st.complex_numbers()
    | st.builds(Unshowable)
    | st.sampled_from([np.int8(1), object(), ValueError(b"\xff"), row(a=1), Frame(1)])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(lazily)
        | st.dictionaries(st.text(st.characters(), max_size=2) | st.binary(), inner, max_size=3)
        | st.builds(Pair, inner, inner)
        | st.builds(Held, value=inner)
    ),
)


@given(VALUES)
def test_no_value_is_refused(value: Any) -> None:
    assert render(value).encode()
