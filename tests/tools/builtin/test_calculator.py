from __future__ import annotations

import contextlib
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import cost

from outlay.journal.records import ToolCall
from outlay.ledger.errors import ToolError
from outlay.tools import ToolContext, calculator
from outlay.tools.builtin.arithmetic import evaluate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("0.1 + 0.2", "0.3"),
        ("-2 ** 2", "-4"),
        ("2 ** -1", "0.5"),
        ("2 ** 3 ** 2", "512"),
        ("7 // 2 + 7 % 4", "6"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("10 - 4 - 3", "3"),
        ("1 / 3", "0.333333333333333 (exactly 1/3)"),
        ("1 / 7 * 7", "1"),
        ("sqrt(2)", "1.4142135623731 (rounded)"),
        ("sqrt(9 / 4)", "1.5"),
        ("8 ** (1 / 3)", "2"),
        ("round(2.5) + round(-2.5)", "0"),
        ("round(1299 * 1.19 / 12, 2)", "128.82"),
        ("round(1234, -2)", "1200"),
        ("max(1, 2, 3) + min(4, 5) + abs(-6)", "13"),
        ("sum(1, 2, 3) / 3", "2"),
        ("floor(-0.5) + ceil(0.5)", "0"),
        (".5 + 5.", "5.5"),
        ("1e3", "1000"),
        ("pi", "3.14159265358979 (rounded)"),
        ("0 ** 0", "1"),
        ("2 ** 100", "1267650600228229401496703205376"),
        ("-0.05", "-0.05"),
        ("1.000041 ** 3650", "1.16142410894338 (rounded)"),
    ],
)
def test_values(expression: str, value: str) -> None:
    assert calculator(expression) == value


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("9 ** 9 ** 9", "too large"),
        ("9 ** 9 ** 9 ** 9", "too large"),
        ("(1 / 3) ** (9 ** 9)", "too small"),
        ("10 ** 1000 * 10 ** 1000", "more than 1,228 digits"),
        ("1e99999999999", "too large or too small"),
        ("1e-9999", "too large or too small"),
        ("sqrt(-1)", "no real square root"),
        ("(-8) ** (1 / 3)", "no real value"),
        ("2 ^ 3", "write ** for powers"),
        ("x = 1", "only the value"),
        ("1 = 1", "only the value"),
        ("(1,000 + 1)", "without commas"),
        ("", "the expression ends"),
        ("(1", "')' is missing"),
        ("1 2", "unexpected '2'"),
        ("__import__('os')", "unexpected '_'"),
        ("sum()", "a number is missing"),
        ("sqrt(1, 2)", "cannot take 2 arguments"),
        ("round(1, 0.5)", "whole number of places"),
        ("(" * 400, "nested deeper"),
        ("-" * 400 + "1", "nested deeper"),
        ("1" * 2_000, "longer than 1,000"),
        ("1\0", "unexpected"),
        ("٣ + 1", "unexpected"),
    ],
)
def test_what_has_no_value_says_why(expression: str, said: str) -> None:
    with pytest.raises(ToolError) as caught:
        calculator(expression)
    assert said in str(caught.value)


async def test_it_is_a_free_tool(context: ToolContext) -> None:
    seen = await calculator.run(ToolCall("1", "calculator", '{"expression": "6 * 7"}'), context)
    assert seen.text == "42"
    assert cost(calculator, '{"expression": "6 * 7"}') == 0


@given(st.text(st.sampled_from("0123456789.eE+-*/%(),. sqrtpimaxround"), max_size=40) | st.text())
def test_any_text_gives_a_value_or_a_tool_error(expression: str) -> None:
    with contextlib.suppress(ToolError):
        assert calculator(expression)


SMALL = st.integers(-1000, 1000)
EXPRESSIONS = st.recursive(
    SMALL.map(lambda number: f"({number})"),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%"]), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_whole_numbers_agree_with_python(expression: str) -> None:
    try:
        expected = eval(expression)
    except ZeroDivisionError:
        with pytest.raises(ToolError, match="division by zero"):
            evaluate(expression)
    else:
        assert evaluate(expression) == expected


@given(SMALL, st.integers(1, 1000))
def test_fractions_are_exact(above: int, below: int) -> None:
    assert evaluate(f"{above} / {below}") == Fraction(above, below)


@given(st.integers(0, 10**12))
def test_square_roots_are_near(number: int) -> None:
    assert math.isclose(evaluate(f"sqrt({number})"), math.sqrt(number), rel_tol=1e-15)
