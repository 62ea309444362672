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
    return bfcl(data=str(data), categories="simple_python, irrelevance", strict=True)


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


JAVA = {
    "name": "Area.of",
    "description": "Area of a triangle.",
    "parameters": {
        "type": "dict",
        "properties": {
            "base": {"type": "long", "description": "The base."},
            "names": {"type": "ArrayList", "items": {"type": "String"}},
        },
        "required": ["base"],
    },
}


def more(folder: Path, category: str, function: Any, answer: Any, **fields: Any) -> Bfcl:
    record = {**ASKED, "id": f"{category}_0", "function": [function], **fields}
    lines(folder / f"BFCL_v4_{category}.json", record)
    if answer is not None:
        lines(
            folder / f"possible_answer/BFCL_v4_{category}.json",
            *[{"id": f"{category}_0", "ground_truth": [answer]}],
        )
    return bfcl(data=str(folder), categories=category, strict=True)


def test_java_arguments_are_texts_in_java(tmp_path: Path) -> None:
    answer = {"Area.of": {"base": [5], "names": [["a", "b"]]}}
    suite = more(tmp_path, "simple_java", JAVA, answer)
    (task,) = suite.tasks(1, 0)
    world = suite.world(task)
    base = world.functions()[0].parameters["properties"]["base"]
    assert base["type"] == "string"
    assert "Written as in Java: a literal of type long" in base["description"]
    for name, arguments in task.gold_path:
        world.act(name, arguments)
    assert world.score(None) == 1
    wrong = suite.world(task)
    wrong.act("Area_of", json.dumps({"base": 5, "names": "names"}))
    assert wrong.score(None) == 0


def test_live_relevance_wants_a_call_and_live_irrelevance_none(tmp_path: Path) -> None:
    for category, called in (("live_relevance", 1), ("live_irrelevance", 0)):
        suite = more(tmp_path, category, FUNCTION, None)
        (task,) = suite.tasks(1, 0)
        world = suite.world(task)
        assert world.score(None) == 1 - called
        world.act("math_area", '{"base": 1}')
        assert world.score(None) == called


def test_who_said_what_is_shown_where_there_are_several_messages(tmp_path: Path) -> None:
    said = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Base 5?"}]]
    suite = more(tmp_path, "live_simple", FUNCTION, ANSWER["ground_truth"][0], question=said)
    assert suite.tasks(1, 0)[0].prompt == "system: Be brief.\n\nuser: Base 5?"


def test_an_answer_that_no_call_can_match_is_refused_where_it_is_strict(tmp_path: Path) -> None:
    suite = more(tmp_path, "live_simple", FUNCTION, {"math.area": {"base": []}})
    with pytest.raises(UsageError, match="has an answer that no call can match"):
        suite.tasks(1, 0)
