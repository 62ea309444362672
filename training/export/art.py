"""Trajectories for ART 0.5: messages, and choices where a reply trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...policies.endpoint.wire import chat_message, chat_tool
from ..data.outcome import Outcome
from ..data.rows import RowTier, TrainingRow
from ..data.turn_spans import TurnSpan, spans

Record = dict[str, Any]


def trajectories(
    rows: Sequence[TrainingRow], rewards: Mapping[str, float], outcomes: Mapping[str, Outcome]
) -> Iterator[Record]:
    """Yields one record a trajectory: its first row, and the others as `additional_histories`.

    Tokens stand in the log-probabilities as `token_id:N`, the form of vLLM's
    `return_tokens_as_token_ids`.

    Args:
        rewards: by trajectory.
        outcomes: by trajectory.
    """
    grouped: dict[str, list[TrainingRow]] = {}
    for row in rows:
        grouped.setdefault(row.trajectory, []).append(row)
    for trajectory, own in grouped.items():
        first, *others = [_history(row) for row in own]
        outcome = outcomes[trajectory]
        yield {
            **first,
            "additional_histories": others,
            "reward": rewards[trajectory],
            "metrics": {"cost_usd": outcome.cost, "turns": outcome.turns},
            "metadata": {"task": own[0].task, "run": own[0].run, "trajectory": trajectory},
        }


def _history(row: TrainingRow) -> Record:
    entries: list[Record] = [chat_message(message) for message in row.messages]
    told = spans(row) if row.tier is RowTier.TOKENS else ()
    for place, trained in enumerate(row.trained):
        span = told[place] if place < len(told) else None
        entries[trained] = _choice(entries[trained], row, span)
    return {
        "messages_and_choices": entries,
        "tools": [chat_tool(tool) for tool in row.tools] or None,
    }


def _choice(message: Record, row: TrainingRow, span: TurnSpan | None) -> Record:
    return {
        "finish_reason": "tool_calls" if message.get("tool_calls") else "stop",
        "index": 0,
        "logprobs": None if span is None or not row.logprobs else _told(row, span),
        "message": message,
    }


def _told(row: TrainingRow, span: TurnSpan) -> Record:
    content: list[Record] = [
        {"token": f"token_id:{id}", "logprob": logprob, "bytes": None, "top_logprobs": []}
        for id, logprob in zip(
            row.ids[span.start : span.stop], row.logprobs[span.start : span.stop], strict=True
        )
    ]
    return {"content": content, "refusal": None}
