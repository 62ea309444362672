"""The Workshop: the same everywhere, its optimal paths exact, its answers hard to fake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.agent import Agent, Home
from outlay.benchmarks.suite import Task
from outlay.benchmarks.suites.workshop import Workshop, WorkshopKnobs, workshop
from outlay.benchmarks.suites.workshop.gold import WEIGHTS, ways
from outlay.benchmarks.suites.workshop.physics import CARES, Day
from outlay.journal.records import Request, ToolCall
from outlay.ledger.errors import ToolError, UsageError
from outlay.planners.toolpath import Order, ToolGraph, Toolpath, cheapest_path, toolpath
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step

TASKS = workshop().tasks(12, 0)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "home"
    yield path
    Home.at(path).close()


def digest(task: Task) -> list[Any]:
    return [task.id, task.prompt, list(task.gold), str(task.gold_cost), *map(list, task.gold_path)]


def test_tasks_are_the_same_in_every_process() -> None:
    code = (
        "import json; from outlay.benchmarks.suites.workshop import workshop;"
        "t = workshop().tasks(3, 7);"
        "print(json.dumps([[x.id, x.prompt, list(x.gold), str(x.gold_cost),"
        " *map(list, x.gold_path)] for x in t]))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONHASHSEED": "77"},
    )  # fmt: skip
    assert json.loads(out.stdout) == [digest(task) for task in workshop().tasks(5, 7)[:3]]


def test_tasks_differ_and_have_their_own_ids() -> None:
    many = [*TASKS, *workshop().tasks(12, 1), *workshop(flaky=0.1).tasks(12, 0)]
    assert len({task.id for task in many}) == len({task.prompt for task in many}) == 36
    assert [task.hops for task in TASKS[:6]] == [1, 2, 3, 1, 2, 3]


def test_what_is_told_changes_neither_orders_nor_gold() -> None:
    told = workshop(declared="true", look_price=0).tasks(12, 0)
    assert [task.prompt for task in told] == [task.prompt for task in TASKS]
    assert [task.gold_path for task in told] == [task.gold_path for task in TASKS]
    assert not {task.id for task in told} & {task.id for task in TASKS}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_optimal_path_makes_what_is_ordered_and_nothing_is_cheaper(task: Task) -> None:
    suite = workshop()
    world = suite.world(task)
    order = Order.parse(task.prompt)
    machines = {machine.name: machine for machine in world.machines}
    hands, usd = dict(order.have), Decimal(0)
    for name, care in task.gold_path:
        machine = machines[name]
        assert care in CARES
        outcome, made = world.day.make(
            machine,
            [hands[take] for take in machine.takes],
            "careful" if care == "careful" else "normal",
        )
        hands |= made
        usd += outcome.usd
    assert usd == task.gold_cost
    assert hands[order.want[-1]] == task.gold[0]
    assert suite.scorer.score(task, f"Made it.\nAnswer: {task.gold[0]}") == 1
    graph = ToolGraph(
        {" ".join(way): ability for way, ability in ways(world.machines, world.day).items()}
    )
    found = cheapest_path(graph, order.have, order.want, WEIGHTS, informed=False)
    assert isinstance(found, Toolpath)
    assert found.cost == pytest.approx(task.metadata["objective"])
    parts = [
        cheapest_path(graph, [*order.have, *order.want[:place]], [want], WEIGHTS)
        for place, want in enumerate(order.want)
    ]
    assert sum(part.cost for part in parts if isinstance(part, Toolpath)) == pytest.approx(
        found.cost
    )


async def test_search_that_knows_the_day_goes_the_optimal_path(home: Path) -> None:
    suite = workshop(declared="true")
    for task in suite.tasks(6, 0):
        agent = Agent(
            model=ScriptedPolicy([]), tools=suite.world(task).tools(), planner=toolpath(),
            budget="tool_calls=99", home=home,
        )  # fmt: skip
        result = await agent.run(task.prompt)
        looks = suite.knobs.look_price * int(result.spend["tool_calls.catalogue"])
        assert suite.scorer.score(task, result.text) == 1
        assert result.spend.usd - looks == task.gold_cost


async def test_a_policy_can_work_in_it_too(home: Path) -> None:
    suite = workshop(subtasks=1)
    task = suite.tasks(1, 0)[0]
    machines = {machine.name: machine for machine in suite.world(task).machines}
    hands = dict(Order.parse(task.prompt).have)

    def play(request: Request) -> Step:
        turn = sum(message.role == "assistant" for message in request.messages)
        if turn == 0:
            return ToolCall("c0", "catalogue")
        if turn > 1:
            hands.update(json.loads(request.messages[-1].content)["made"])
        if turn > len(task.gold_path):
            return f"It is done.\nAnswer: {hands[task.metadata['want']]}"
        name, care = task.gold_path[turn - 1]
        inputs = [hands[take] for take in machines[name].takes]
        return ToolCall(f"c{turn}", name, json.dumps({"inputs": inputs, "care": care}))

    agent = Agent(
        model=ScriptedPolicy(play),
        tools=suite.world(task).tools(),
        budget="tool_calls=99",
        home=home,
    )
    result = await agent.run(task.prompt)
    assert (result.status, suite.scorer.score(task, result.answer)) == ("answered", 1)


@given(st.text(max_size=30))
@settings(max_examples=50)
def test_a_made_up_answer_does_not_count(text: str) -> None:
    assert workshop().scorer.score(TASKS[0], text) == 0


def test_only_the_right_handle_of_the_day_counts() -> None:
    scorer, first = workshop().scorer, TASKS[0]
    handle = first.gold[0]
    name, shown, proof = handle.split("-")
    better = f"{name}-{int(shown) + 1:05d}-{proof}"
    day = Day(first.metadata["day"], first.metadata["material"])
    poor = day.handle(name, first.metadata["floor"] - 0.01)
    answers = (handle, f" `{handle}`.", better, poor, None)
    assert [scorer.score(first, answer) for answer in answers] == [1, 1, 0, 0, 0]
    assert scorer.score(TASKS[3], handle) == 0
    start = next(iter(Order.parse(first.prompt).have.values()))
    assert scorer.score(first, start) == 0


def test_wrong_inputs_are_named() -> None:
    world = workshop().world(TASKS[0])
    machine = world.machines[0]
    with pytest.raises(ToolError, match="takes handles of"):
        world.day.make(machine, [], "normal")
    with pytest.raises(ToolError, match="'oil-1' is no handle of"):
        world.day.make(machine, ["oil-1"] * len(machine.takes), "normal")


def test_shops_have_what_makes_planning_hard() -> None:
    crafts = [
        m for task in workshop(subtasks=6).tasks(1, 0) for m in workshop().world(task).machines
    ]
    made = [name for machine in crafts for name in machine.gives]
    taken = {name for machine in crafts for name in machine.takes}
    assert any(name not in taken for name in made)
    assert any(len(machine.takes) > 1 for machine in crafts)
    assert any(machine.success < 0.75 for machine in crafts)
    assert any(machine.dislikes for machine in crafts)
    graph = ToolGraph(workshop().world(workshop(subtasks=6).tasks(1, 0)[0]).abilities())
    assert any(part.bit_count() > 1 for part in graph.parts)


@pytest.mark.parametrize(
    ("knobs", "fault"),
    [
        ({"flaky": 2}, "'flaky' must be a share"),
        ({"declared": "false"}, "'declared' must be"),
        ({"subtasks": (7,)}, "'subtasks' must be whole numbers from 1 to 6"),
        ({"crafts": 0}, "'crafts' must be"),
        ({"materials": 9}, "'materials' must be"),
        ({"look_price": -1}, "'look_price' must be"),
        ({"colour": 1}, "no knob 'colour'"),
    ],
)
def test_knobs_are_checked(knobs: dict[str, Any], fault: str) -> None:
    with pytest.raises(UsageError, match="workshop") as refused:
        workshop(**knobs)
    assert fault in str(refused.value)


def test_orders_that_can_hardly_be_made_are_refused() -> None:
    impossible = WorkshopKnobs(
        flaky=1, moody=1, materials=1, routes=1, crafts=20, subtasks=(20,), dead_ends=0
    )  # fmt: skip
    with pytest.raises(UsageError, match="can hardly ever be made"):
        Workshop(impossible).tasks(3, 0)
