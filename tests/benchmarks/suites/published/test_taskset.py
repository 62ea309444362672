"""A suite of one's own: from a list of tasks, by name of its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suite import suite
from outlay.benchmarks.suites.published import TaskSet, question
from outlay.ledger.errors import UsageError

OWN = """\
from outlay.benchmarks.suites.published import TaskSet, question

def towns(river="Soral"):
    task = question("a", f"Which town is on the {river}?", "Melun")
    return TaskSet(name="towns", items=(task,), tools=lambda task: [])

nothing = None
"""


def of(ids: range) -> TaskSet:
    items = tuple(question(str(id), "Who?", "Ada") for id in ids)
    return TaskSet(name="own", items=items, tools=lambda task: ())


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 5))
def test_fewer_tasks_are_the_first_of_more_and_none_comes_twice(n: int, m: int, seed: int) -> None:
    fewer, more = sorted((n, m))
    made = of(range(30))
    tasks = made.tasks(more, seed)
    assert made.tasks(fewer, seed) == tasks[:fewer]
    assert len({task.id for task in tasks}) == more


def test_a_set_of_tasks_is_checked() -> None:
    with pytest.raises(UsageError, match="suite 'own' has no task"):
        of(range(0))
    task = question("a", "Who?", "Ada")
    with pytest.raises(UsageError, match="two tasks with the id 'a'"):
        TaskSet(name="own", items=(task, task), tools=lambda task: ())
    with pytest.raises(UsageError, match="question 'a' has no accepted answer"):
        question("a", "Who?")
    with pytest.raises(UsageError, match="own has 3 tasks here: ask for no more"):
        of(range(3)).tasks(4, seed=0)


def test_a_suite_is_found_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    assert suite(f"{path}:towns").tasks(1, seed=0)[0].prompt == "Which town is on the Soral?"
    assert "Tarn" in suite(f"{path}:towns", river="Tarn").tasks(1, seed=0)[0].prompt
    with pytest.raises(UsageError, match="'lake'; its knobs are: river"):
        suite(f"{path}:towns", lake="x")
    with pytest.raises(UsageError, match="has no function 'nothing' that returns a suite"):
        suite(f"{path}:nothing")
    with pytest.raises(UsageError, match=r"there is no file .*none\.py"):
        suite(f"{tmp_path}/none.py:towns")
    path.write_text("import nowhere_at_all")
    with pytest.raises(UsageError, match=r"own\.py does not run: ModuleNotFoundError"):
        suite(f"{path}:towns")
