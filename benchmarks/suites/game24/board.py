"""The Game of 24: exact arithmetic on the numbers that are left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from ....ledger.errors import ToolError

GOAL = Fraction(24)

SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
"""The four tools and the signs of what they do."""

Values = tuple[Fraction, ...]
"""The numbers that are left, sorted."""


@dataclass(frozen=True)
class Move:
    """Two of the numbers that are left, and how they are combined."""

    tool: str
    a: Fraction
    b: Fraction

    @property
    def result(self) -> Fraction:
        """The number that takes the place of both.

        Raises:
            ZeroDivisionError: it divides by zero.
        """
        if self.tool == "add":
            return self.a + self.b
        if self.tool == "subtract":
            return self.a - self.b
        return self.a * self.b if self.tool == "multiply" else self.a / self.b


@dataclass(frozen=True)
class BoardNumber:
    """A number with the expression that it comes from."""

    value: Fraction
    text: str

    def __str__(self) -> str:
        shown = str(self.value)
        return shown if shown == self.text else f"{shown} = {self.text}"


@dataclass(frozen=True)
class Board:
    """The numbers that are left."""

    numbers: tuple[BoardNumber, ...]

    @classmethod
    def of(cls, numbers: Sequence[int]) -> Board:
        return cls(tuple(BoardNumber(Fraction(n), str(n)) for n in numbers))

    @property
    def values(self) -> Values:
        return tuple(sorted(number.value for number in self.numbers))

    @property
    def solved(self) -> bool:
        return self.values == (GOAL,)

    def after(self, tool: str, a: str, b: str) -> Board:
        """Returns the board after two numbers, such as "8" and "1/3", were combined.

        Raises:
            ToolError: there is no such tool or number on the board, or it divides by zero.
        """
        if tool not in SIGNS:
            raise ToolError(f"there is no tool {tool!r}: the tools are {', '.join(SIGNS)}")
        first, others = _take(self.numbers, a)
        second, others = _take(others, b)
        try:
            value = Move(tool, first.value, second.value).result
        except ZeroDivisionError as error:
            raise ToolError(f"{a} cannot be divided by zero") from error
        return Board((*others, BoardNumber(value, f"({first.text} {SIGNS[tool]} {second.text})")))

    def __str__(self) -> str:
        return "Left: " + ", ".join(map(str, self.numbers))


def _take(
    numbers: tuple[BoardNumber, ...], text: str
) -> tuple[BoardNumber, tuple[BoardNumber, ...]]:
    try:
        value = Fraction(text.strip())
    except (ValueError, ZeroDivisionError) as error:
        raise ToolError(f"{text!r} is no number: write e.g. 8 or 8/3") from error
    for place, number in enumerate(numbers):
        if number.value == value:
            return number, numbers[:place] + numbers[place + 1 :]
    raise ToolError(
        f"{text} is not among the numbers that are left: {', '.join(map(str, numbers))}"
    )


@cache
def moves(values: Values) -> tuple[Move, ...]:
    """Returns every way to combine two of the numbers; results that are equal count once."""
    found: dict[tuple[Values, str], Move] = {}
    for i, small in enumerate(values):
        for large in values[i + 1 :]:
            for move in _pairs(small, large):
                found.setdefault((left_after(values, move), move.tool), move)
    return tuple(found.values())


def _pairs(small: Fraction, large: Fraction) -> Iterator[Move]:
    yield Move("add", large, small)
    yield Move("multiply", large, small)
    for a, b in ((large, small), (small, large)):
        yield Move("subtract", a, b)
        if b:
            yield Move("divide", a, b)


def left_after(values: Values, move: Move) -> Values:
    """Returns the numbers that are left after a move."""
    left = list(values)
    left.remove(move.a)
    left.remove(move.b)
    return tuple(sorted([*left, move.result]))


@cache
def solvable(values: Values) -> bool:
    """Says by exhaustive search whether 24 can be made of all the numbers."""
    if len(values) == 1:
        return values == (GOAL,)
    return any(solvable(left_after(values, move)) for move in moves(values))


def solution(values: Values) -> tuple[Move, ...]:
    """Returns moves that make 24 of all the numbers, none if there are none."""
    for move in moves(values):
        left = left_after(values, move)
        if solvable(left):
            return (move, *solution(left))
    return ()
