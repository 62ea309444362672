"""Rows taken apart by turns, and put together again: nothing trains twice, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...ledger.errors import UsageError
from .row_checks import name_of
from .rows import RowTier, TrainingRow


@dataclass(frozen=True)
class TurnSpan:
    """The tokens of one turn in a row: those from `start` up to `stop`."""

    turn: int
    start: int
    stop: int


def spans(row: TrainingRow) -> tuple[TurnSpan, ...]:
    """Returns where each turn that trains stands, in order."""
    return tuple(_spans(row))


def _spans(row: TrainingRow) -> Iterator[TurnSpan]:
    start = 0
    for place in range(1, len(row.mask) + 1):
        here = row.turns[start] if row.mask[start] else None
        after = row.turns[place] if place < len(row.mask) and row.mask[place] else None
        if after != here or place == len(row.mask):
            if here is not None:
                yield TurnSpan(here, start, place)
            start = place


def cut(row: TrainingRow, turns: int) -> tuple[TrainingRow, TrainingRow]:
    """Returns two rows of the same tokens: the first `turns` turns, and the others after them.

    In the second row the first turns are context.

    Raises:
        UsageError: the row has no token ids, or not so many turns.
    """
    found = spans(row)
    if row.tier is not RowTier.TOKENS or not 0 < turns < len(found):
        raise UsageError(f"{name_of(row)} cannot be cut after {turns} of {len(found)} turns")
    stop = found[turns - 1].stop
    head = replace(
        row, ids=row.ids[:stop], mask=row.mask[:stop], logprobs=row.logprobs[:stop],
        turns=row.turns[:stop], messages=row.messages[: row.trained[turns - 1] + 1],
        trained=row.trained[:turns],
    )  # fmt: skip
    tail = replace(
        row,
        segment=row.segment + 1,
        mask=(*(False for _ in head.mask), *row.mask[stop:]),
        logprobs=(*(0.0 for _ in head.logprobs), *row.logprobs[stop:]),
        turns=(*(-1 for _ in head.turns), *row.turns[stop:]),
        trained=row.trained[turns:],
    )
    return head, tail


def joined(head: TrainingRow, tail: TrainingRow) -> TrainingRow:
    """Returns one row in which all that trains in either of two rows trains.

    Raises:
        UsageError: the second does not begin with all tokens of the first, or trains one of them.
    """
    size = len(head.ids)
    if tail.ids[:size] != head.ids or any(tail.mask[:size]) or head.tokenizer != tail.tokenizer:
        raise UsageError(f"{name_of(tail)} does not go on from {name_of(head)}")
    return replace(
        tail,
        segment=head.segment,
        mask=(*head.mask, *tail.mask[size:]),
        logprobs=(*head.logprobs, *tail.logprobs[size:]),
        turns=(*head.turns, *tail.turns[size:]),
        trained=(*head.trained, *tail.trained),
    )
