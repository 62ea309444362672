"""The suite: gold, baselines, replay, what the agent sees, and bad data."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from outlay.benchmarks.suites.apibank import ApiBank, apibank
from outlay.ledger.errors import ToolError, UsageError

ROOT = Path(__file__).parents[4]
DATA = Path(os.environ.get("OUTLAY_DATA") or ROOT.parent / "shared" / "data") / "api_bank"


def api(name: str, given: dict[str, Any], output: Any) -> dict[str, Any]:
    result = {"api_name": name, "input": given, "output": output, "exception": None}
    return {"role": "API", "api_name": name, "param_dict": given, "result": result}


DIALOGUE = {
    "id": "meeting",
    "turns": [
        {"role": "User", "text": "Add a meeting with Ann and Bo. I am ann, password p."},
        api("GetToken", {"user": "ann", "password": "p"}, {"token": "t1"}),
        {"role": "AI", "text": "One moment."},
        api("AddMeeting", {"token": "t1", "who": "['Ann', 'Bo']", "rooms": "2"}, "success"),
    ],
}


def made(folder: Path, *records: Any) -> ApiBank:
    lines = "\n".join(json.dumps(record) for record in records)
    (folder / "level-1-given-desc.jsonl").write_text(lines, encoding="utf-8")
    return apibank(data=folder)


def test_each_call_of_a_dialogue_is_a_task_that_shows_what_came_before(tmp_path: Path) -> None:
    suite = made(tmp_path, DIALOGUE)
    tasks = {task.id: task for task in suite.tasks(2, seed=0)}
    assert sorted(tasks) == ["meeting#1", "meeting#3"]
    told = tasks["meeting#3"].prompt
    assert 'API: GetToken({"user": "ann", "password": "p"}) -> {"token": "t1"}' in told
    assert "AddMeeting" not in told
    assert "GetToken" not in tasks["meeting#1"].prompt


def test_gold_scores_and_doing_nothing_does_not(tmp_path: Path) -> None:
    suite = made(tmp_path, DIALOGUE)
    for task in suite.tasks(2, seed=0):
        world = suite.world(task)
        assert world.score(None) == 0
        assert world.score(suite.solve(task, world)) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "score"),
    [
        ("AddMeeting", {"token": "t1", "who": ["Ann", "Bo"], "rooms": 2}, 1),
        ("AddMeeting", {"token": " t1 ", "who": "['Ann','Bo']", "rooms": "2"}, 1),
        ("AddMeeting", {"token": "t1", "who": ["Bo", "Ann"], "rooms": 2}, 0),
        ("AddMeeting", {"token": "t1", "who": ["Ann", "Bo"]}, 0),
        ("GetToken", {"user": "ann", "password": "p"}, 0),
    ],
)
def test_the_first_call_has_to_be_the_recorded_one(
    tmp_path: Path, name: str, arguments: dict[str, Any], score: float
) -> None:
    suite = made(tmp_path, DIALOGUE)
    task = next(task for task in suite.tasks(2, seed=0) if task.id == "meeting#3")
    world = suite.world(task)
    if score or name == "GetToken":
        assert '"output"' in world.act(name, json.dumps(arguments))
    else:
        with pytest.raises(ToolError, match="no result of this call is recorded"):
            world.act(name, json.dumps(arguments))
    assert world.score(None) == score
    suite.solve(task, world)
    assert world.score(None) == score


def test_what_the_agent_sees_does_not_depend_on_the_gold(tmp_path: Path) -> None:
    def seen(*records: Any) -> list[Any]:
        suite = made(tmp_path, *records)
        task = next(each for each in suite.tasks(2, seed=0) if each.id == "meeting#3")
        return [task.prompt, [tool.spec for tool in suite.world(task).tools()]]

    gold = api("AddMeeting", {"token": "t9", "who": "[]", "rooms": "9"}, "no")
    assert seen(DIALOGUE) == seen({**DIALOGUE, "turns": [*DIALOGUE["turns"][:3], gold]})


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        ({"role": "API", "api_name": "X"}, "line 1: field 'turns' has an API turn without"),
        ({**api("X", {}, 1), "result": {}}, "line 1: field 'turns' has an API turn without"),
        ({"role": "Judge", "text": "x"}, "line 1: field 'turns' has a turn 1 that is no API"),
    ],
)
def test_bad_records_are_refused(tmp_path: Path, turn: Any, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        len(made(tmp_path, {"id": "x", "turns": [turn]}))


def test_dialogues_that_share_an_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 2: field 'id' repeats 'meeting'"):
        len(made(tmp_path, DIALOGUE, DIALOGUE))


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no data of API-Bank in {DATA}")
def test_the_published_data_are_solved_by_their_gold() -> None:
    suite = apibank(data=DATA)
    solved = nothing = 0.0
    for task in suite.tasks(len(suite), seed=0):
        world = suite.world(task)
        nothing += world.score(None)
        solved += world.score(suite.solve(task, world))
    assert (solved, nothing, len(suite)) == (200, 0, 200)
