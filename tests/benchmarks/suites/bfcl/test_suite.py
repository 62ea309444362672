"""The single-turn suite: gold, baselines, what the agent sees, and bad data."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from outlay.benchmarks.suite import judge
from outlay.benchmarks.suites.bfcl import Bfcl, bfcl
from outlay.benchmarks.suites.bfcl.suite import CATEGORIES
from outlay.ledger.errors import UsageError

ROOT = Path(__file__).parents[4]
DATA = Path(os.environ.get("OUTLAY_DATA") or ROOT.parent / "shared" / "data") / "bfcl"
FUNCTION = {
    "name": "math.area",
    "description": "Area of a triangle.",
    "parameters": {
        "type": "dict",
        "properties": {
            "base": {"type": "float", "description": "The base."},
            "unit": {"type": "string", "enum": ["m", "cm"]},
            "pair": {"type": "tuple", "items": {"type": "any"}},
        },
        "required": ["base"],
    },
}
ASKED = {
    "id": "simple_python_0",
    "question": [[{"role": "user", "content": "Base 5?"}]],
    "function": [FUNCTION],
}
ANSWER = {
    "id": "simple_python_0",
    "ground_truth": [{"math.area": {"base": [5], "unit": ["", "m"], "stray": ["", 1]}}],
}
NONE = {**ASKED, "id": "irrelevance_0"}


def lines(path: Path, *records: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    lines(tmp_path / "BFCL_v4_simple_python.json", ASKED)
    lines(tmp_path / "BFCL_v4_irrelevance.json", NONE)
    lines(tmp_path / "possible_answer/BFCL_v4_simple_python.json", ANSWER)
    return tmp_path


def small(data: Path) -> Bfcl:
    return bfcl(data=str(data), categories="simple_python, irrelevance")


def test_gold_scores_and_nothing_scores_only_where_nothing_is_right(data: Path) -> None:
    suite = small(data)
    scores = {}
    for task in suite.tasks(len(suite), seed=0):
        world = suite.world(task)
        assert judge(suite, task, world, suite.solve(task, world)) == 1
        scores[task.kind] = suite.scorer.score(task, None)
    assert scores == {"simple_python": 0, "irrelevance": 1}


def test_schemas_are_those_of_model_apis(data: Path) -> None:
    suite = small(data)
    (tool,) = suite.world(suite.tasks(1, seed=0)[0]).tools()
    assert tool.spec.name == "math_area"
    assert tool.spec.parameters == {
        "type": "object",
        "properties": {
            "base": {"type": "number", "description": "The base."},
            "unit": {"type": "string", "enum": ["m", "cm"]},
            "pair": {"type": "array", "items": {}},
        },
        "required": ["base"],
    }


def test_what_the_agent_sees_does_not_depend_on_the_gold(data: Path) -> None:
    def seen() -> list[Any]:
        suite = small(data)
        tasks = sorted(suite.tasks(2, seed=0), key=lambda task: task.id)
        return [(t.prompt, [x.spec for x in suite.world(t).tools()]) for t in tasks]

    before = seen()
    changed = {**ANSWER, "ground_truth": [{"math.area": {"base": [77], "unit": ["cm"]}}]}
    lines(data / "possible_answer/BFCL_v4_simple_python.json", changed)
    assert seen() == before


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({**ASKED, "question": []}, "line 1: field 'question' must hold one list"),
        ({**ASKED, "question": [[{"role": "user"}]]}, "line 1: field 'question' must be text"),
        ({**ASKED, "function": [{"name": "f"}]}, "line 1: field 'function' must hold"),
        ({**ASKED, "id": "simple_python_9"}, "line 1: field 'id' has no answer in possible_answer"),
    ],
)
def test_bad_records_are_refused(data: Path, record: Any, told: str) -> None:
    lines(data / "BFCL_v4_simple_python.json", record)
    with pytest.raises(UsageError, match=re.escape(told)):
        len(small(data))


def test_an_answer_that_calls_another_function_is_refused(data: Path) -> None:
    lines(
        data / "possible_answer/BFCL_v4_simple_python.json",
        {**ANSWER, "ground_truth": [{"other": {}}]},
    )
    with pytest.raises(UsageError, match="calls none of its functions"):
        len(small(data))


def test_unknown_categories_and_too_many_tasks_are_refused(data: Path) -> None:
    with pytest.raises(UsageError, match="no category 'java'; known are: simple_python"):
        bfcl(data=str(data), categories="java")
    with pytest.raises(UsageError, match="bfcl has 2 tasks in these data"):
        small(data).tasks(3, seed=0)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no data of BFCL in {DATA}")
def test_the_published_data_are_solved_by_their_gold() -> None:
    suite = bfcl(data=DATA)
    solved, nothing = Counter[str](), Counter[str]()
    for task in suite.tasks(len(suite), seed=0):
        world = suite.world(task)
        solved[task.kind] += int(world.score(suite.solve(task, world)))
        nothing[task.kind] += int(suite.scorer.score(task, None))
    counts = (200, 100, 100, 100, 120)
    assert solved == dict(zip(CATEGORIES, counts, strict=True))
    assert +nothing == {"irrelevance": 120}
