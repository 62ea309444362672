"""The self-test of a suite finds what it must find. Published data: `test_docs`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from outlay.benchmarks.suite import Task, suite
from outlay.benchmarks.suites.game24 import Game24
from outlay.benchmarks.suites.published import (
    SuiteValidation,
    TaskSet,
    hotpotqa,
    musique,
    question,
    strategyqa,
    validate,
)
from outlay.benchmarks.suites.published.library import LibraryPrices
from outlay.benchmarks.suites.published.reading_comprehension import (
    DatasetFormat,
    DatasetQuestion,
    reading,
)
from outlay.benchmarks.suites.records import DatasetRecord
from outlay.tools import Tool, tool

from .samples import GSM8K, HOTPOT, HOTPOT_YES, MUSIQUE, STRATEGY, write

GOLD_OF_MUSIQUE = ("answer", "answer_aliases", "question_decomposition", "paragraphs")

SMALL = {
    "hotpotqa": (HOTPOT, HOTPOT_YES),
    "2wikimultihopqa": (HOTPOT, {**HOTPOT_YES, "evidences": [["Soral", "mouth", "x"]]}),
    "musique": (MUSIQUE, {**MUSIQUE, "answerable": False}),
    "strategyqa": (STRATEGY, {**STRATEGY, "qid": "s2", "answer": True}),
    "gsm8k": (GSM8K, GSM8K),
    "dataset": (
        {"input": "Who?", "target": ["A"]},
        {"input": "Where?", "target": ["B", "A"], "choices": ["x", "y", "z"]},
    ),
}


def own(*tasks: Task, leaks: bool = False) -> TaskSet:
    """Returns a suite whose tool, if it leaks, tells the gold in its description."""

    def tools(task: Task) -> list[Tool]:
        def look(key: str) -> str:
            return key

        look.__doc__ = f"Looks for {task.gold[0] if leaks else 'it'}."
        return [tool(price=0)(look)]

    twins = tuple(dataclasses.replace(task, gold=("masked",)) for task in tasks)
    masked = TaskSet(name="own", items=twins, tools=tools)
    return TaskSet(name="own", items=tasks, tools=tools, masked=lambda: masked)


@pytest.mark.parametrize("name", SMALL)
def test_small_files_in_every_format_are_valid(tmp_path: Path, name: str) -> None:
    found = validate(suite(name, data=write(tmp_path / "d.jsonl", *SMALL[name])))
    assert (found.problems, found.tasks, found.solved, found.masked) == ((), 2, 2, True)
    assert [baseline.success for baseline in found.baselines[:2]] == [0, 0]


def test_suites_without_data_are_valid_too(tmp_path: Path) -> None:
    (tmp_path / "24.csv").write_text("Rank,Puzzles\n1,1 1 4 6\n")
    for found in (validate(suite("almanac"), 20), validate(Game24(tmp_path), 1)):
        assert (found.valid, found.masked, found.solved) == (True, False, found.tasks)


def test_a_gold_that_is_not_accepted_is_told() -> None:
    found = validate(own(question("a", "Who?", "Ada"), question("b", "Who?", "two\nlines")))
    assert found.problems == ("no full marks for the gold solution of b",)
    assert not found.valid


def test_a_gold_that_a_tool_tells_is_told() -> None:
    tasks = [question(str(n), "Who?", f"Ada {n}") for n in range(7)]
    assert validate(own(*tasks)).valid
    found = validate(own(*tasks, leaks=True))
    assert len(found.problems) == 6
    assert found.problems[-1] == "what the agent sees depends on the gold in 2 more"


@pytest.mark.parametrize(
    ("form", "record", "field"),
    [
        *((hotpotqa.form("x"), HOTPOT, field) for field in ("answer", "supporting_facts")),
        *((musique.FORM, MUSIQUE, field) for field in GOLD_OF_MUSIQUE),
        *((strategyqa.FORM, STRATEGY, field) for field in ("answer", "decomposition")),
    ],
)
def test_a_form_that_shows_a_field_of_the_gold_is_told(
    form: DatasetFormat, record: dict[str, Any], field: str
) -> None:
    def read(record: DatasetRecord) -> DatasetQuestion:
        read = form.read(record)
        return dataclasses.replace(read, text=f"{read.text} Hint: {record.fields[field]}")

    leaky = dataclasses.replace(form, read=read)
    made = reading(leaky, [DatasetRecord("d.jsonl, line 1", 1, record)], LibraryPrices())
    problems = validate(made).problems
    assert f"what the agent sees depends on the gold in {made.items[0].id}" in problems


def test_a_record_in_the_prompt_is_told() -> None:
    found = validate(own(question("a", 'Solve {"question": "?", "supporting_facts": []}', "x")))
    assert found.problems == ("a field of the gold is shown in the prompt of a",)


def test_an_answer_in_the_prompt_is_pointed_at_where_nothing_can_be_masked() -> None:
    plain = own(question("a", "Say Ada Quill Soral.", "Ada Quill Soral"))
    assert validate(plain).valid
    found = validate(dataclasses.replace(plain, masked=None))
    assert (found.valid, found.masked, found.suspects) == (True, False, ("a",))


def test_an_answer_that_earns_without_work_is_seen() -> None:
    (nothing, empty, always) = validate(_Generous(own(question("a", "?", "x")))).baselines
    assert (nothing.success, empty.success, always.success) == (0, 1, 1)
    assert (empty.name, always.name) == ("an empty answer", "always 'x'")


def _Generous(made: TaskSet) -> TaskSet:  # noqa: N802 - reads as what it makes
    class GenerousScorer:
        def score(self, task: Task, answer: str | None) -> float:
            return 0.0 if answer is None else 1.0

    return dataclasses.replace(made, scorer=GenerousScorer())


def test_a_world_that_judges_is_solved_by_its_suite() -> None:
    found = validate(_Doors())
    assert (found.problems, found.solved) == ((), 3)
    assert isinstance(found, SuiteValidation)
    assert [each.success for each in found.baselines] == [pytest.approx(1 / 3)] * 2


class _Door:
    """A world of a door that may already be open."""

    def __init__(self, opened: bool) -> None:
        self.opened = opened

    def tools(self) -> list[Tool]:
        return []

    def score(self, answer: str | None) -> float:
        return float(self.opened)


class _Doors:
    """Three doors to be opened; the first one is open. Answers do not count."""

    name = "doors"
    system_prompt = "Open the door."

    @property
    def scorer(self) -> _Doors:
        return self

    def __len__(self) -> int:
        return 3

    def score(self, task: Task, answer: str | None) -> float:
        raise AssertionError("the world judges")

    def tasks(self, n: int, seed: int) -> list[Task]:
        return [Task(id=str(k), prompt="Open it.", kind="door", gold=()) for k in range(n)]

    def world(self, task: Task) -> _Door:
        return _Door(task.id == "0")

    def solve(self, task: Task, world: _Door) -> str | None:
        world.opened = True
        return None
