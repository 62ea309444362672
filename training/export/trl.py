"""Datasets for TRL 1.16: SFT, DPO, KTO, GRPO, and the turn records of its asynchronous GRPO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...benchmarks.suite import Task
from ...ledger.errors import UsageError
from ..data.outcome import Outcome
from ..data.preference_pairs import PreferencePair
from ..data.row_checks import check_logprobs, check_tokens
from ..data.rows import RowTier, TrainingRow
from ..data.turn_spans import spans
from .chat import chat, said, tools_text

Record = dict[str, Any]

_IGNORED = -100
"""The label of a token that does not train."""


def sft(rows: Sequence[TrainingRow]) -> Iterator[Record]:
    """Yields records for `SFTTrainer`, all of one form.

    `input_ids` and `labels` where every row has token ids: nothing is tokenised again. Else
    `messages` (train with `assistant_only_loss=True`) where every reply shown trains in its row.
    Else, after compaction or edits, one `prompt` and `completion` for each reply.
    """
    if all(row.tier is RowTier.TOKENS for row in rows):
        yield from ({"input_ids": row.ids, "labels": _labels(row)} for row in rows)
    elif all(_trains_whole(row) for row in rows):
        for row in rows:
            yield {"messages": chat(row.messages), "tools": tools_text(row.tools)}
    else:
        for row in rows:
            for prompt, reply in said(row):
                yield {
                    "prompt": chat(prompt),
                    "completion": chat([reply]),
                    "tools": tools_text(row.tools),
                }


def dpo(pairs: Iterable[PreferencePair]) -> Iterator[Record]:
    """Yields records for `DPOTrainer`, one a pair of steps.

    Where both log-probabilities of every pair were logged, they are there as `ref_chosen_logps`
    and `ref_rejected_logps`: TRL takes them in place of a reference model's.
    """
    found = list(pairs)
    logged = [(pair.chosen.logprob, pair.rejected.logprob) for pair in found]
    is_whole = all(chosen is not None and rejected is not None for chosen, rejected in logged)
    for pair in found:
        record = {
            "prompt": chat(pair.prompt),
            "chosen": chat([pair.chosen.said]),
            "rejected": chat([pair.rejected.said]),
            "margin": pair.margin,
        }
        if is_whole:
            record["ref_chosen_logps"] = pair.chosen.logprob
            record["ref_rejected_logps"] = pair.rejected.logprob
        yield record


def kto(rows: Iterable[TrainingRow], outcomes: Mapping[str, Outcome]) -> Iterator[Record]:
    """Yields records for `KTOTrainer`, one a reply: good if its trajectory got full marks.

    Args:
        outcomes: by trajectory.

    Raises:
        UsageError: nobody judged a run.
    """
    for row in rows:
        outcome = outcomes[row.trajectory]
        if outcome.score is None:
            raise UsageError(f"run {row.run} was not judged: its replies are neither good nor bad")
        for prompt, reply in said(row):
            yield {"prompt": chat(prompt), "completion": chat([reply]), "label": outcome.success}


def grpo(tasks: Iterable[Task], system: str = "") -> Iterator[Record]:
    """Yields records for `GRPOTrainer`: the prompt, and columns that reach reward functions."""
    for task in tasks:
        yield {"prompt": prompt_of(task, system), "task": task.id, "gold": task.gold}


def prompt_of(task: Task, system: str) -> list[dict[str, Any]]:
    """Returns a task as chat messages."""
    told = [{"role": "system", "content": system}] if system else []
    return [*told, {"role": "user", "content": task.prompt}]


def turns(rows: Sequence[TrainingRow], rewards: Mapping[str, float]) -> Iterator[Record]:
    """Yields a rollout for each trajectory, with the `TurnRecord`s of TRL's `async_grpo`.

    Turns stand in the order in which they were sampled; TRL chains them by prefix itself.

    Args:
        rewards: by trajectory.

    Raises:
        UsageError: a row has no ids or no log-probabilities.
    """
    check_tokens(rows, rows[0].tokenizer if rows else "")
    check_logprobs(rows)
    grouped: dict[str, list[TrainingRow]] = {}
    for row in rows:
        grouped.setdefault(row.trajectory, []).append(row)
    for trajectory, own in grouped.items():
        found = [
            (span.turn, _turn(row, span.start, span.stop)) for row in own for span in spans(row)
        ]
        yield {
            "trajectory": trajectory,
            "group": own[0].task,
            "reward": rewards[trajectory],
            "turns": [turn for _, turn in sorted(found, key=lambda each: each[0])],
        }


def _turn(row: TrainingRow, start: int, stop: int) -> Record:
    return {
        "prompt_ids": row.ids[:start],
        "output_ids": row.ids[start:stop],
        "output_log_probs": row.logprobs[start:stop],
        "output_mask": [1] * (stop - start),
    }


def _labels(row: TrainingRow) -> list[int]:
    pairs = zip(row.ids, row.mask, strict=True)
    return [id if trains else _IGNORED for id, trains in pairs]


def _trains_whole(row: TrainingRow) -> bool:
    written = [n for n, message in enumerate(row.messages) if message.role == "assistant"]
    return list(row.trained) == written
