"""The board: exact arithmetic, and moves that lead where the search says."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.benchmarks.suites.game24.board import Board, left_after, moves, solution, solvable
from outlay.benchmarks.suites.game24.scorer import makes_24
from outlay.ledger.errors import ToolError

NUMBERS = st.lists(st.integers(1, 13), min_size=4, max_size=4)


@settings(max_examples=20, deadline=None)
@given(NUMBERS)
def test_a_solution_is_played_on_the_board_and_scores(numbers: list[int]) -> None:
    board = Board.of(numbers)
    path = solution(board.values)
    assert len(path) == (3 if solvable(board.values) else 0)
    for move in path:
        assert move in moves(board.values)
        board = board.after(move.tool, str(move.a), str(move.b))
    assert board.solved == bool(path)
    if path:
        assert makes_24(board.numbers[0].text, tuple(numbers))


@settings(max_examples=50)
@given(NUMBERS)
def test_every_move_leaves_one_number_less_and_none_leads_to_the_same(numbers: list[int]) -> None:
    values = Board.of(numbers).values
    left = [(left_after(values, move), move.tool) for move in moves(values)]
    assert all(len(one) == 3 for one, _ in left)
    assert len(set(left)) == len(left)


def test_fractions_are_exact() -> None:
    board = Board.of([3, 3, 8, 8]).after("divide", "8", "3").after("subtract", "3", "8/3")
    assert str(board) == "Left: 8, 1/3 = (3 - (8 / 3))"
    assert board.after("divide", "8", "1/3").solved


def test_two_equal_numbers_are_two() -> None:
    assert Board.of([5, 5]).after("subtract", "5", "5").values == (Fraction(0),)


@pytest.mark.parametrize(
    ("tool", "a", "b", "says"),
    [
        ("add", "7", "4", "7 is not among the numbers that are left: 4, 0"),
        ("add", "4", "4", "4 is not among the numbers that are left: 0"),
        ("divide", "4", "0", "4 cannot be divided by zero"),
        ("add", "4", "four", "'four' is no number"),
        ("power", "4", "0", "there is no tool 'power': the tools are add, subtract"),
    ],
)
def test_a_move_that_cannot_be_made_says_why(tool: str, a: str, b: str, says: str) -> None:
    with pytest.raises(ToolError, match=says):
        Board.of([4, 0]).after(tool, a, b)
