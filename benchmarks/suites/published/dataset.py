"""A dataset of one's own: JSON Lines, JSON or CSV with the columns that inspect_ai reads.

The columns are `input`, `target`, `choices`, `id` and `metadata`; only the first two are needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ....ledger.errors import UsageError
from ....tools import Tool, calculator, document_tools
from ...suite import Scorer, Task
from ..records import DatasetRecord, read_records
from .scorers import IncludesScorer, MultipleChoiceScorer, NumberScorer, ShortAnswerScorer
from .taskset import SYSTEM_PROMPT, TaskSet

SCORERS: Mapping[str, Scorer] = {
    "exact": ShortAnswerScorer(closed=False),
    "includes": IncludesScorer(),
    "number": NumberScorer(),
}
"""What may judge answers in words. Choices are judged by their letters, whatever is named."""

MAX_CHOICES = 26

_UNKNOWN_HERE = ("sandbox", "files", "setup")
"""Columns of inspect_ai that ask for a machine to work on."""


def dataset(*, data: str | Path = "", docs: str | Path = "", scorer: str = "exact") -> TaskSet:
    """Returns the tasks of a file. The agent has `calculator`.

    Args:
        data: the file.
        docs: a folder of documents that the agent can `search` and `open` too.
        scorer: `exact` (SQuAD's normalisation), `includes` or `number`.

    Raises:
        UsageError: the file cannot be read, a record makes no sense, or a knob does not.
    """
    if scorer not in SCORERS:
        raise UsageError(f"there is no scorer {scorer!r}; known are: {', '.join(SCORERS)}")
    tools = (calculator, *(document_tools(docs) if docs else ()))
    return _tasks(read_records(data, suite="dataset"), tools, scorer)


def _tasks(records: Sequence[DatasetRecord], tools: tuple[Tool, ...], scorer: str) -> TaskSet:
    seen: dict[str, int] = {}
    items = []
    for record in records:
        task = _task(record)
        if task.id in seen:
            raise record.wrong("id", f"is {task.id!r}, which is on line {seen[task.id]} too")
        seen[task.id] = record.line
        items.append(task)
    return TaskSet(
        name="dataset",
        items=tuple(items),
        tools=lambda task: tools,
        scorer=_KindScorer(SCORERS[scorer]),
        system_prompt=SYSTEM_PROMPT,
        masked=lambda: _tasks([record.changed(_masked) for record in records], tools, scorer),
    )


class _KindScorer:
    """Judges choices by their letters, and everything else as it is told."""

    def __init__(self, words: Scorer) -> None:
        self._words = words
        self._choices = MultipleChoiceScorer()

    def score(self, task: Task, answer: str | None) -> float:
        scorer = self._choices if "choices" in task.metadata else self._words
        return scorer.score(task, answer)


def _task(record: DatasetRecord) -> Task:
    for name in _UNKNOWN_HERE:
        if record.fields.get(name):
            raise record.wrong(name, "asks for a machine to work on, which outlay does not have")
    choices = _choices(record)
    target = _target(record, choices)
    metadata = {"record": _metadata(record)}
    return Task(
        id=_id(record),
        prompt=_input(record) + _listed(choices),
        kind="choice" if choices else "question",
        gold=target,
        metadata=metadata | ({"choices": choices} if choices else {}),
    )


def _id(record: DatasetRecord) -> str:
    given = record.fields.get("id")
    if given is None or given == "":
        return f"line-{record.line}"
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    return record.text("id")


def _input(record: DatasetRecord) -> str:
    """Returns the text of the input; of several messages each with who says it."""
    value = record.fields.get("input")
    if not isinstance(value, list):
        return record.text("input")
    messages = []
    for message in value:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise record.wrong("input", "must be text or a list of messages with role and content")
        content = record.checked("input", message.get("content"))
        messages.append((message["role"], content))
    if not messages:
        raise record.wrong("input", "holds no message")
    if len(messages) == 1:
        return messages[0][1]
    return "\n\n".join(f"{role}: {content}" for role, content in messages)


def _choices(record: DatasetRecord) -> tuple[str, ...]:
    value = record.fields.get("choices")
    if value is None or value == "":
        return ()
    told = _decoded(record, "choices", value) if isinstance(value, str) else value
    if not isinstance(told, list) or not 2 <= len(told) <= MAX_CHOICES:
        raise record.wrong("choices", f"must be a list of 2 to {MAX_CHOICES} texts")
    return tuple(record.checked("choices", choice) for choice in told)


def _listed(choices: tuple[str, ...]) -> str:
    if not choices:
        return ""
    lines = (f"{letter}) {choice}" for letter, choice in _lettered(choices))
    return "\n\n" + "\n".join(lines) + "\n\nAnswer with the letter, or letters, of what is right."


def _lettered(choices: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(chr(ord("A") + place), choice) for place, choice in enumerate(choices)]


def _target(record: DatasetRecord, choices: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the accepted answers; of choices all letters that must be named, as one answer."""
    value = record.fields.get("target")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    told = value if isinstance(value, list) else [value]
    accepted = [record.checked("target", each) for each in told]
    if not accepted:
        raise record.wrong("target", "is an empty list")
    if not choices:
        return tuple(accepted)
    letters = {letter for letter, _ in _lettered(choices)}
    if not letters.issuperset(accepted):
        raise record.wrong("target", f"must be letters of the {len(choices)} choices")
    return (", ".join(sorted(accepted)),)


def _metadata(record: DatasetRecord) -> dict[str, Any]:
    """Returns the record's own metadata, which the agent does not see."""
    value = record.fields.get("metadata")
    if value is None or value == "":
        return {}
    told = _decoded(record, "metadata", value) if isinstance(value, str) else value
    if not isinstance(told, dict):
        raise record.wrong("metadata", "must be an object")
    return told


def _decoded(record: DatasetRecord, name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise record.wrong(name, "is text that is not JSON") from error


def _masked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    letter = "B" if fields["target"] in ("A", ["A"]) else "A"
    target = letter if fields.get("choices") else "masked"
    return {**fields, "target": target, "metadata": None}
