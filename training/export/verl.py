"""Files for verl 0.9: tasks and conversations as Parquet, and outputs of its agent loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...benchmarks.suite import Task
from ..data.row_checks import check_logprobs, check_tokens
from ..data.rows import TrainingRow
from ..data.turn_spans import spans
from .chat import chat, tools_text
from .trl import prompt_of

Record = dict[str, Any]


def tasks(suite: str, found: Iterable[Task], system: str = "") -> Iterator[Record]:
    """Yields rows of verl's RL data set, one a task.

    Args:
        suite: the data source, by which verl chooses its reward function.
    """
    for index, task in enumerate(found):
        yield {
            "data_source": suite,
            "prompt": prompt_of(task, system),
            "ability": task.kind or suite,
            "reward_model": {"style": "rule", "ground_truth": task.gold},
            "extra_info": {"index": index, "task": task.id},
            "agent_name": "tool_agent",
        }


def conversations(rows: Iterable[TrainingRow]) -> Iterator[Record]:
    """Yields rows of verl's multi-turn SFT data set; every reply shown trains there."""
    for row in rows:
        yield {
            "messages": chat(row.messages),
            "tools": tools_text(row.tools),
            "enable_thinking": False,
        }


def outputs(rows: Sequence[TrainingRow], rewards: Mapping[str, float]) -> Iterator[Record]:
    """Yields the fields of verl's `AgentLoopOutput`, one record a row.

    verl has no reader of its own for finished trajectories: these are for an agent loop that
    returns them. Rows of one trajectory have the same reward.

    Args:
        rewards: by trajectory.

    Raises:
        UsageError: a row has no ids or no log-probabilities.
    """
    check_tokens(rows, rows[0].tokenizer if rows else "")
    check_logprobs(rows)
    for row in rows:
        found = spans(row)
        start = found[0].start
        yield {
            "prompt_ids": row.ids[:start],
            "response_ids": row.ids[start:],
            "response_mask": [int(trains) for trains in row.mask[start:]],
            "response_logprobs": row.logprobs[start:],
            "reward_score": rewards[row.trajectory],
            "num_turns": len(row.messages),
            "metrics": {},
            "extra_fields": {
                "uid": row.task, "trajectory": row.trajectory, "segment": row.segment,
            },
        }  # fmt: skip
