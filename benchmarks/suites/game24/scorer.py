"""Judges an answer exactly: each number once, and the value is 24."""

from __future__ import annotations

import ast
import re
from collections import Counter
from fractions import Fraction

from ....planners import final_answer
from ...suite import Task
from .board import GOAL

MOST_CHARS = 200
"""Longer texts are no expression of four numbers."""

_SIGNS = str.maketrans({"×": "*", "x": "*", "·": "*", "÷": "/", "−": "-", "–": "-"})
_GOAL = re.compile(r"=\s*24\s*$")


class Game24Scorer:
    """1 if the final answer is an expression that makes 24 of the task's numbers, else 0."""

    def score(self, task: Task, answer: str | None) -> float:
        if answer is None:
            return 0.0
        return float(makes_24(final_answer(answer), task.metadata["numbers"]))


def makes_24(text: str, numbers: tuple[int, ...]) -> bool:
    """Says whether an expression uses exactly these numbers and is 24, in exact arithmetic."""
    bare = _GOAL.sub("", text.strip("`$ .")).translate(_SIGNS)
    if len(bare) > MOST_CHARS:
        return False
    used: list[int] = []
    try:
        value = _value(ast.parse(bare.strip(), mode="eval").body, used)
    except (SyntaxError, ValueError, ZeroDivisionError):
        return False
    return value == GOAL and Counter(used) == Counter(numbers)


def _value(node: ast.expr, used: list[int]) -> Fraction:
    """Returns the value of an expression and notes the numbers in it."""
    match node:
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            used.append(number)
            return Fraction(number)
        case ast.BinOp(left, ast.Add(), right):
            return _value(left, used) + _value(right, used)
        case ast.BinOp(left, ast.Sub(), right):
            return _value(left, used) - _value(right, used)
        case ast.BinOp(left, ast.Mult(), right):
            return _value(left, used) * _value(right, used)
        case ast.BinOp(left, ast.Div(), right):
            return _value(left, used) / _value(right, used)
    raise ValueError("only whole numbers and + - * / make an expression here")
