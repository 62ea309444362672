"""One's own file, with the columns that inspect_ai reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outlay.benchmarks.suite import Suite, Task, suite
from outlay.ledger.errors import UsageError

from .samples import write


def only(tmp_path: Path, record: dict[str, Any], **knobs: Any) -> tuple[Suite, Task]:
    made = suite("dataset", data=write(tmp_path / "d.jsonl", record), **knobs)
    return made, made.tasks(1, seed=0)[0]


def test_several_targets_are_each_accepted(tmp_path: Path) -> None:
    made, task = only(tmp_path, {"input": "Who?", "target": ["Ada", "Ada Quill"], "id": 7})
    assert (task.id, task.prompt) == ("7", "Who?")
    assert [made.scorer.score(task, answer) for answer in ("ada", "Ada Quill.", "A")] == [1, 1, 0]


def test_choices_are_listed_and_judged_by_letter(tmp_path: Path) -> None:
    record = {"input": "Where?", "choices": ["Paris", "Lima"], "target": "B"}
    made, task = only(tmp_path, record)
    assert "Where?\n\nA) Paris\nB) Lima\n" in task.prompt
    assert made.scorer.score(task, "Answer: B") == made.scorer.score(task, "Answer: Lima") == 1
    assert made.scorer.score(task, "Answer: A") == 0


def test_messages_become_one_prompt_and_metadata_is_not_shown(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who?"}]
    record = {"input": messages, "target": "Ada", "metadata": {"support": [["x", 0]]}}
    _, task = only(tmp_path, record)
    assert task.prompt == "system: Be brief.\n\nuser: Who?"
    assert task.metadata == {"record": {"support": [["x", 0]]}}
    assert only(tmp_path, {**record, "input": messages[1:]})[1].prompt == "Who?"


def test_csv_json_and_lines_give_the_same_tasks(tmp_path: Path) -> None:
    record = {"id": "a", "input": "Who?", "target": "B", "choices": ["x, y", "z"]}
    lines = write(tmp_path / "d.jsonl", record)
    array, table = tmp_path / "d.json", tmp_path / "d.csv"
    array.write_text(json.dumps([record]))
    table.write_text('id,input,target,choices,metadata\na,Who?,B,"[""x, y"", ""z""]",\n')
    tasks = [suite("dataset", data=path).tasks(1, seed=0) for path in (lines, array, table)]
    assert tasks[0] == tasks[1] == tasks[2]


def test_the_scorer_and_documents_are_knobs(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("Twelve.")
    record = {"input": "How many?", "target": 12}
    made, task = only(tmp_path, record, scorer="number", docs=tmp_path / "docs")
    assert made.scorer.score(task, "Answer: 12 pens") == 1
    names = [tool.spec.name for tool in made.world(task).tools()]
    assert names == ["calculator", "search", "open"]
    made, task = only(tmp_path, record, scorer="includes")
    assert made.scorer.score(task, "Answer: it is 12, I think") == 1
    with pytest.raises(UsageError, match="no scorer 'f2'; known are: exact, includes, number"):
        suite("dataset", scorer="f2")
