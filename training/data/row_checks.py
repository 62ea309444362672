"""Refusals of rows that a training cannot use: each one names the row and its run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ...ledger.errors import UsageError
from .rows import RowTier, TrainingRow


def name_of(row: TrainingRow) -> str:
    """Returns how an error names a row."""
    return f"row {row.segment} of trajectory {row.trajectory} (run {row.run})"


def check_rows(rows: Sequence[TrainingRow]) -> None:
    """Raises UsageError if there are no rows, or a row contradicts itself."""
    if not rows:
        raise UsageError("there are no rows to train on: run some tasks first (`outlay bench`)")
    for row in rows:
        columns = {len(row.mask), len(row.turns), len(row.logprobs or row.mask)}
        if row.tier is RowTier.TOKENS:
            columns.add(len(row.ids))
        if len(columns) > 1:
            raise UsageError(f"{name_of(row)} has columns of different lengths")
        for place, logprob in enumerate(row.logprobs):
            if not math.isfinite(logprob) or logprob > 0:
                raise UsageError(
                    f"{name_of(row)} has the log-probability {logprob} at token {place}: "
                    "leave the run out, or record it again"
                )


def check_tokens(rows: Iterable[TrainingRow], tokenizer: str) -> None:
    """Raises UsageError if a row has no token ids, or those of another tokenizer."""
    for row in rows:
        if row.tier is not RowTier.TOKENS:
            raise UsageError(
                f"{name_of(row)} has no token ids: open the policy with a tokenizer "
                "(http://HOST:PORT/v1#MODEL?tokenizer=NAME), or export the text for TRL"
            )
        if row.tokenizer != tokenizer:
            raise UsageError(
                f"{name_of(row)} has ids of the tokenizer {row.tokenizer!r}, not of {tokenizer!r}: "
                "train the model that wrote it, or leave the run out"
            )


def check_logprobs(rows: Iterable[TrainingRow]) -> None:
    """Raises UsageError if a row lacks the log-probabilities of what was sampled."""
    for row in rows:
        if row.sampled == 0 or not row.logprobs:
            raise UsageError(
                f"{name_of(row)} has no log-probabilities of the policy that wrote it: "
                "off-policy learning needs them, imitation (`sft`) does not"
            )
