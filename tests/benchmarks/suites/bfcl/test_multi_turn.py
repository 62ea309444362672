"""Multi-turn tasks over the simulators of bfcl-eval, held against the recorded gold traces."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

from outlay.benchmarks.suites.bfcl import BfclMultiTurn, bfcl_multi_turn
from outlay.ledger.errors import ToolError, UsageError

ROOT = Path(__file__).parents[4]
DATA = Path(os.environ.get("OUTLAY_DATA") or ROOT.parent / "shared" / "data") / "bfcl"
INSTALLED = importlib.util.find_spec("bfcl_eval") is not None
NEXT = ("next_request", "{}")

needs_simulators = pytest.mark.skipif(not INSTALLED, reason="bfcl-eval is not installed")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no data of BFCL in {DATA}")

TICKETS: dict[str, Any] = {
    "id": "multi_turn_base_0",
    "question": [
        [{"role": "user", "content": "Log in as ann, password p."}],
        [{"role": "user", "content": "Thanks."}],
        [{"role": "user", "content": "Open a ticket named T."}],
    ],
    "initial_config": {"TicketAPI": {"ticket_queue": [], "ticket_counter": 1}},
    "involved_classes": ["TicketAPI"],
    "excluded_function": ["close_ticket"],
}
GOLD = [["ticket_login('ann', password='p')"], [], ["create_ticket(title='T', priority=2)"]]
LOGIN = ("ticket_login", '{"username": "ann", "password": "p"}')
CREATE = ("create_ticket", '{"title": "T", "priority": 2}')


def document(name: str, *parameters: str) -> dict[str, Any]:
    properties = {parameter: {"type": "string"} for parameter in parameters}
    schema = {"type": "dict", "properties": properties, "required": []}
    return {"name": name, "description": name, "parameters": schema}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("possible_answer", "multi_turn_func_doc"):
        (tmp_path / name).mkdir()
    name = "BFCL_v4_multi_turn_base.json"
    (tmp_path / name).write_text(json.dumps(TICKETS))
    (tmp_path / "possible_answer" / name).write_text(
        json.dumps({"id": TICKETS["id"], "ground_truth": GOLD})
    )
    told = [
        document("ticket_login", "username", "password"),
        document("create_ticket", "title", "priority"),
        document("close_ticket", "ticket_id"),
        document("get_ticket", "ticket_id"),
    ]
    lines = "\n".join(map(json.dumps, told))
    (tmp_path / "multi_turn_func_doc" / "ticket_api.json").write_text(lines)
    return tmp_path


@needs_simulators
@pytest.mark.parametrize(
    ("calls", "score"),
    [
        ([LOGIN, NEXT, NEXT, CREATE], 1),
        ([LOGIN, NEXT, ("get_ticket", '{"ticket_id": 9}'), NEXT, CREATE, NEXT, NEXT], 1),
        ([], 0),
        ([LOGIN, CREATE, NEXT, NEXT], 0),
        ([LOGIN, NEXT, CREATE, NEXT], 0),
        ([LOGIN, NEXT], 0),
        ([NEXT, LOGIN, NEXT, CREATE], 0),
        ([LOGIN, NEXT, NEXT, ("create_ticket", '{"title": "U", "priority": 2}')], 0),
        ([LOGIN, NEXT, NEXT, CREATE, CREATE], 0),
    ],
)
def test_every_turn_has_to_be_right_when_it_ends(
    data: Path, calls: list[tuple[str, str]], score: float
) -> None:
    suite = bfcl_multi_turn(data=data)
    world = suite.world(suite.tasks(1, seed=0)[0])
    for name, arguments in calls:
        world.act(name, arguments)
    assert world.score(None) == score


@needs_simulators
def test_the_agent_sees_the_turns_one_by_one_and_no_excluded_function(data: Path) -> None:
    suite = bfcl_multi_turn(data=data)
    (task,) = suite.tasks(1, seed=0)
    world = suite.world(task)
    assert task.prompt == "Log in as ann, password p."
    assert [world.act(*NEXT) for _ in range(3)] == [
        "Thanks.",
        "Open a ticket named T.",
        "There is no further request.",
    ]
    names = {tool.spec.name for tool in world.tools()}
    assert names == {"ticket_login", "create_ticket", "get_ticket", "next_request"}
    with pytest.raises(ToolError, match="no function 'close_ticket'"):
        world.act("close_ticket", '{"ticket_id": 1}')


def write(data: Path, category: str, record: dict[str, Any], gold: list[list[str]]) -> None:
    name = f"BFCL_v4_multi_turn_{category}.json"
    (data / name).write_text(json.dumps(record))
    answer = {"id": record["id"], "ground_truth": gold}
    (data / "possible_answer" / name).write_text(json.dumps(answer))


@needs_simulators
def test_a_function_that_is_missing_at_first_comes_with_its_turn(data: Path) -> None:
    record = {
        **TICKETS, "id": "multi_turn_miss_func_0",
        "question": [*TICKETS["question"], []], "missed_function": {"3": ["create_ticket"]},
    }  # fmt: skip
    write(data, "miss_func", record, [GOLD[0], [], [], GOLD[2]])
    suite = bfcl_multi_turn(data=data, categories="miss_func")
    world = suite.world(suite.tasks(1, seed=0)[0])
    with pytest.raises(ToolError, match="create_ticket"):
        world.act(*CREATE)
    world.act(*LOGIN)
    told = [world.act(*NEXT) for _ in range(3)]
    assert "create_ticket" in told[-1]
    world.act(*CREATE)
    assert world.score(None) == 1


@needs_simulators
def test_a_parameter_that_is_missing_is_waited_for(data: Path) -> None:
    record = {
        **TICKETS, "id": "multi_turn_miss_param_0",
        "question": [
            [{"role": "user", "content": "Log in as ann."}],
            [{"role": "user", "content": "The password is p."}],
        ],
    }  # fmt: skip
    write(data, "miss_param", record, [[], GOLD[0]])
    for calls, score in (([NEXT, LOGIN], 1), ([LOGIN, NEXT], 0)):
        suite = bfcl_multi_turn(data=data, categories="miss_param")
        world = suite.world(suite.tasks(1, seed=0)[0])
        for call in calls:
            world.act(*call)
        assert world.score(None) == score


@needs_simulators
def test_long_contexts_and_several_categories_at_once(data: Path) -> None:
    record = {
        "id": "multi_turn_long_context_0", "initial_config": {"GorillaFileSystem": {"root": {
            "home": {"type": "directory", "contents": {}}}}},
        "question": [[{"role": "user", "content": "List the files."}]],
        "involved_classes": ["GorillaFileSystem"],
    }  # fmt: skip
    write(data, "long_context", record, [["ls()"]])
    (data / "multi_turn_func_doc" / "gorilla_file_system.json").write_text(
        json.dumps(document("ls"))
    )
    suite = bfcl_multi_turn(data=data, categories="base,long_context")
    ids = {task.id for task in suite.tasks(2, seed=0)}
    assert ids == {"multi_turn_base_0", "multi_turn_long_context_0"}
    (task,) = (task for task in suite.tasks(2, seed=0) if "long" in task.id)
    world = suite.world(task)
    listed = world.act("ls", "{}")
    assert len(listed) > 200  # far more than the two folders of the task
    assert world.score(None) == 1


@needs_simulators
def test_a_gold_call_that_cannot_be_read_is_refused(data: Path) -> None:
    path = data / "possible_answer" / "BFCL_v4_multi_turn_base.json"
    answer = {"id": TICKETS["id"], "ground_truth": [["fly()"], [], []]}
    path.write_text(json.dumps(answer))
    with pytest.raises(UsageError, match=r"line 1: its possible answer .* unknown function"):
        bfcl_multi_turn(data=data).tasks(1, seed=0)


@pytest.mark.skipif(INSTALLED, reason="bfcl-eval is installed")
def test_without_the_simulators_it_says_what_to_install(data: Path) -> None:
    with pytest.raises(UsageError, match="pip install --no-deps bfcl-eval mpmath"):
        bfcl_multi_turn(data=data).tasks(1, seed=0)


@needs_data
@needs_simulators
def test_the_published_gold_gives_the_recorded_results_and_scores() -> None:
    suite: BfclMultiTurn = bfcl_multi_turn(data=DATA)
    recorded = (DATA / "recorded" / "gold_trace_multi_turn_base.jsonl").read_text().splitlines()
    traces = {trace["id"]: trace["turns"] for trace in map(json.loads, recorded)}
    for task in suite.tasks(len(suite), seed=0):
        world = suite.world(task)
        assert world.score(None) == 0
        results = [
            result
            for name, arguments in task.gold_path
            if (result := world.act(name, arguments)) is not None and name != NEXT[0]
        ]
        assert results == [call["result"] for turn in traces[task.id] for call in turn], task.id
        assert world.score(None) == 1, task.id
