"""Rows of a run under a memory that hides turns, and the same as one row."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from outlay.embedded.evidence.segments import ARMS, whole  # noqa: E402
from outlay.training.data.rows import RowTier, TrainingRow  # noqa: E402


def row(ids: tuple[int, ...], turns: tuple[int, ...]) -> TrainingRow:
    return TrainingRow(
        run="r", trajectory="r", segment=0, task="t", policy="p", tier=RowTier.TOKENS, messages=(),
        trained=(), ids=ids, turns=turns, mask=tuple(turn >= 0 for turn in turns),
        logprobs=tuple(-0.5 if turn >= 0 else 0.0 for turn in turns),
    )  # fmt: skip


FIRST = row((1, 2, 10, 11), (-1, -1, 0, 0))
SECOND = row((1, 9, 10, 11, 3, 12), (-1, -1, -1, -1, -1, 1))
THIRD = row((1, 9, 9, 12, 4, 13, 14), (-1, -1, -1, -1, -1, 2, 2))


def test_a_whole_trajectory_has_each_turn_once_after_all_that_was_said() -> None:
    joined = whole([FIRST, SECOND, THIRD])
    assert joined.ids == (1, 2, 10, 11, 3, 12, 4, 13, 14)
    assert joined.turns == (-1, -1, 0, 0, -1, 1, -1, 2, 2)
    assert sum(joined.mask) == sum(sum(each.mask) for each in (FIRST, SECOND, THIRD))
    assert [p for p, on in zip(joined.logprobs, joined.mask, strict=True) if on] == [-0.5] * 5


def test_a_turn_out_of_view_leaves_the_whole_prompt() -> None:
    assert whole([FIRST, THIRD]).ids == (*FIRST.ids, *THIRD.ids)


def test_the_arms_train_the_same_tokens() -> None:
    rows = (FIRST, SECOND, THIRD)
    trained = {
        arm: [id for each in made(rows) for id, on in zip(each.ids, each.mask, strict=True) if on]
        for arm, made in ARMS.items()
    }
    assert trained["segments"] == trained["whole"]
