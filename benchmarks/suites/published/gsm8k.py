"""GSM8K: grade-school word problems, with a calculator.

The file is GSM8K's own JSON Lines (Cobbe et al. 2021, 2110.14168). The number after `####` is the
answer; the working before it is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ....tools import calculator
from ...suite import Task
from ..records import DatasetRecord, read_records
from .scorers import NumberScorer, number
from .taskset import TaskSet

SYSTEM_PROMPT = """\
You solve word problems. `calculator` computes expressions exactly; use it for every sum that you \
could get wrong.
End with one line that holds nothing but the number, like this:
Answer: NUMBER"""

_MARK = "####"


def gsm8k(*, data: str | Path = "") -> TaskSet:
    """Returns the problems of a file.

    Args:
        data: the file.

    Raises:
        UsageError: the file cannot be read, or a record is not in GSM8K's format.
    """
    return _problems(read_records(data, suite="gsm8k"))


def _problems(records: Sequence[DatasetRecord]) -> TaskSet:
    return TaskSet(
        name="gsm8k",
        items=tuple(map(_task, records)),
        tools=lambda task: (calculator,),
        scorer=NumberScorer(),
        system_prompt=SYSTEM_PROMPT,
        masked=lambda: _problems([record.changed(_masked) for record in records]),
    )


def _task(record: DatasetRecord) -> Task:
    _, mark, result = record.text("answer").rpartition(_MARK)
    gold = number(result)
    if not mark or gold is None:
        raise record.wrong("answer", f"must end with one number after {_MARK}")
    return Task(
        id=f"gsm8k-{record.line}",
        prompt=record.text("question"),
        kind="word problem",
        gold=(f"{gold:f}",),
    )


def _masked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**fields, "answer": f"masked {_MARK} 0"}
