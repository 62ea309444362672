"""Traces of verifiers 0.4 (version 1 of its schema): a trajectory's messages as a graph.

Each path from a root to a leaf is one training row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from ...journal.records import Message
from ...policies.endpoint.wire import chat_message
from ..data.outcome import Outcome
from ..data.rows import RowTier, TrainingRow
from ..data.turn_spans import spans

Record = dict[str, Any]

_VERSION = 1


def traces(
    rows: Sequence[TrainingRow], rewards: Mapping[str, float], outcomes: Mapping[str, Outcome]
) -> Iterator[Record]:
    """Yields one record a trajectory.

    A node has the ids that its message adds to the branch; what a prompt adds before a reply
    stands with the last message before it, since a server does not tell which is whose.

    Args:
        rewards: by trajectory.
        outcomes: by trajectory.
    """
    grouped: dict[str, list[TrainingRow]] = {}
    for row in rows:
        grouped.setdefault(row.trajectory, []).append(row)
    for trajectory, own in grouped.items():
        outcome = outcomes[trajectory]
        yield {
            "version": _VERSION,
            "id": trajectory,
            "task": {"type": "Task", "data": {"id": own[0].task}, "key": own[0].task},
            "agent": {"config": {}, "name": own[0].policy},
            "nodes": _nodes(own),
            "rewards": {"reward": {"score": rewards[trajectory]}},
            "metrics": {"cost_usd": outcome.cost, "turns": float(outcome.turns)},
            "info": {"run": own[0].run, "tokenizer": own[0].tokenizer},
            "is_completed": bool(outcome.status),
            "ok": outcome.answered,
            "stop_condition": outcome.status,
        }


def _nodes(rows: Sequence[TrainingRow]) -> list[Record]:
    """Returns the graph of a trajectory's rows; what they share from the root is there once."""
    nodes: list[Record] = []
    places: dict[bytes, int] = {}
    for row in rows:
        told = _told(row)
        parent: int | None = None
        for place, message in enumerate(row.messages):
            node = {
                "parent": parent,
                "message": _message(message),
                "sampled": place in row.trained,
                **told.get(place, {}),
            }
            key = orjson.dumps(node)
            if key not in places:
                places[key] = len(nodes)
                nodes.append(node)
            parent = places[key]
    return nodes


def _message(message: Message) -> Record:
    data = chat_message(message)
    if message.tool_calls:
        data["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments}
            for call in message.tool_calls
        ]
    return data


def _told(row: TrainingRow) -> dict[int, Record]:
    """Returns the ids and mask of each message that has some; log-probabilities of sampled ones."""
    found: dict[int, Record] = {}
    if row.tier is not RowTier.TOKENS:
        return found
    at = 0
    for place, span in zip(row.trained, spans(row), strict=True):
        prompt, reply = slice(at, span.start), slice(span.start, span.stop)
        found[place - 1] = {"token_ids": row.ids[prompt], "mask": row.mask[prompt]}
        found[place] = {
            "token_ids": row.ids[reply], "mask": row.mask[reply], "logprobs": row.logprobs[reply],
        }  # fmt: skip
        at = span.stop
    return found
