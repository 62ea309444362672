"""Cutting rows and spreading advantages over them, for any trajectory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.training.data.row_checks import check_logprobs, check_rows, check_tokens
from outlay.training.data.rows import RowTier, TrainingRow
from outlay.training.data.turn_spans import TurnSpan, cut, joined, spans
from outlay.training.objectives.advantages import broadcast, geometric, per_turn

from ..conftest import turn_by_turn

TURNS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4)), min_size=2, max_size=6)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[TrainingRow, int]:
    lengths = [(1, 2), *draw(TURNS)]
    return turn_by_turn(lengths), draw(st.integers(1, len(lengths) - 1))


def test_spans_by_hand() -> None:
    row = turn_by_turn([(2, 3), (0, 1), (2, 1)])
    assert spans(row) == (TurnSpan(0, 2, 5), TurnSpan(1, 5, 6), TurnSpan(2, 8, 9))


@given(cuts())
def test_cut_rows_join_to_the_row(given: tuple[TrainingRow, int]) -> None:
    row, turns = given
    assert joined(*cut(row, turns)) == row


@given(cuts())
def test_a_cut_never_trains_a_token_twice(given: tuple[TrainingRow, int]) -> None:
    row, turns = given
    head, tail = cut(row, turns)
    assert head.ids == tail.ids[: len(head.ids)]
    assert head.sampled + tail.sampled == row.sampled
    assert not any(one and other for one, other in zip(head.mask, tail.mask, strict=False))
    assert set(head.turns) & set(tail.turns) <= {-1}
    check_rows([head, tail])


@given(cuts(), st.floats(-5, 5), st.floats(0.1, 1))
def test_weights_do_not_depend_on_the_cut(
    given: tuple[TrainingRow, int], advantage: float, gamma: float
) -> None:
    row, turns = given
    parts = list(cut(row, turns))
    for spread in (broadcast, lambda rows, a: geometric(rows, a, gamma=gamma)):
        (whole,) = spread([row], {"r/0": advantage})
        first, second = spread(parts, {"r/0": advantage})
        first = (*first, *(0.0 for _ in second[len(first) :]))
        together = [one + other for one, other in zip(first, second, strict=True)]
        assert together == pytest.approx(list(whole))


@given(cuts(), st.floats(-5, 5))
def test_all_rows_of_a_trajectory_have_one_advantage(
    given: tuple[TrainingRow, int], advantage: float
) -> None:
    row, turns = given
    found = broadcast(cut(row, turns), {"r/0": advantage})
    rows = zip(cut(row, turns), found, strict=True)
    kept = {w for r, weights in rows for w, m in zip(weights, r.mask, strict=True) if m}
    assert kept == {advantage}


def test_spread_by_hand() -> None:
    row = turn_by_turn([(1, 2), (1, 1)])
    assert broadcast([row], {"r/0": 2.0}) == [(0.0, 2.0, 2.0, 0.0, 2.0)]
    assert geometric([row], {"r/0": 2.0}, gamma=0.5) == [(0.0, 1.0, 1.0, 0.0, 2.0)]
    assert per_turn([row], {"r/0": (3.0, -1.0)}) == [(0.0, 3.0, 3.0, 0.0, -1.0)]


def test_rows_that_do_not_belong_together_are_not_joined() -> None:
    head, tail = cut(turn_by_turn([(1, 2), (1, 1)]), 1)
    with pytest.raises(UsageError, match=r"row 0 of trajectory r/0 \(run r\) does not go on"):
        joined(tail, head)
    with pytest.raises(UsageError, match="cannot be cut after 2 of 2 turns"):
        cut(turn_by_turn([(1, 2), (1, 1)]), 2)


def with_(row: TrainingRow, **changes: object) -> TrainingRow:
    return TrainingRow(**{**vars(row), **changes})


def check_all(rows: list[TrainingRow]) -> None:
    check_rows(rows)
    check_tokens(rows, "words")
    check_logprobs(rows)


ROW = turn_by_turn([(1, 2)], trajectory="run7/1")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (with_(ROW, logprobs=()), "has no log-probabilities of the policy"),
        (with_(ROW, mask=(False,) * 3), "has no log-probabilities"),
        (with_(ROW, logprobs=(0.0, float("nan"), -1.0)), "the log-probability nan at token 1"),
        (with_(ROW, logprobs=(0.0, 0.5, -1.0)), "the log-probability 0.5 at token 1"),
        (with_(ROW, ids=(1,)), "columns of different lengths"),
        (with_(ROW, tokenizer="other"), "of the tokenizer 'other', not of 'words'"),
        (with_(ROW, tier=RowTier.TEXT, ids=()), "has no token ids"),
    ],
)
def test_refusals_name_row_and_run(row: TrainingRow, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as refused:
        check_all([row])
    assert "row 0 of trajectory run7/1 (run run7)" in str(refused.value)


def test_no_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="there are no rows to train on"):
        check_rows([])
