"""Worlds that are judged by calls: through an agent, restored from its journal, and bare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from outlay.agent import Agent, Home
from outlay.benchmarks.suite import restore
from outlay.benchmarks.suites.call_world import CallWorld, FunctionCall, WorldFunction, dispatch
from outlay.journal.events import Event
from outlay.journal.records import ToolCall
from outlay.ledger.errors import ToolError
from outlay.policies import ScriptedPolicy
from outlay.tools import Tool


class Counter(CallWorld):
    """A number that calls add to; it should become 5."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def functions(self) -> Sequence[WorldFunction]:
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        return [WorldFunction(name="add", description="Adds to the number.", parameters=schema)]

    def run(self, call: FunctionCall) -> str:
        return dispatch(self._add, call)

    def score(self, answer: str | None) -> float:
        return float(self.number == 5)

    def _add(self, n: int) -> str:
        if n < 0:
            raise ValueError("n must not be negative")
        self.number += n
        return str(self.number)


def add(n: int, call: str) -> ToolCall:
    return ToolCall(call, "add", json.dumps({"n": n}))


def journal(home: Path) -> list[Event]:
    lines = [
        line for path in home.glob("journals/*.jsonl") for line in path.read_bytes().split(b"\n")
    ]
    read = [orjson.loads(line) for line in lines if line]
    return [Event.from_dict(data) for data in read if data["kind"] != "journal"]


async def test_a_run_is_judged_by_the_world_it_leaves(tmp_path: Path) -> None:
    world = Counter()
    policy = ScriptedPolicy([[add(2, "a"), add(-1, "b")], add(3, "c"), add(9, "d"), "Answer: done"])
    agent = Agent(model=policy, tools=world.tools(), budget="tool_calls=3", home=tmp_path)
    result = await agent.run("Make it 5.")
    Home.at(tmp_path).close()
    assert world.score(result.answer) == 1
    assert [call.arguments["n"] for call in world.calls] == [2, -1, 3]


async def test_a_run_that_broke_off_is_resumed_in_the_world_that_it_had_made(
    tmp_path: Path,
) -> None:
    broken = ScriptedPolicy([[add(1, "a"), add(1, "b")], RuntimeError("the line is dead")])
    agent = Agent(model=broken, tools=Counter().tools(), budget="tool_calls=9", home=tmp_path)
    first = await agent.run("Make it 5.")
    assert first.status == "failed"
    world = Counter()
    restore(world, [event for event in journal(tmp_path) if event.run == first.run])
    assert world.number == 2
    rest = ScriptedPolicy([add(3, "c"), "Answer: done"])
    agent = Agent(model=rest, tools=world.tools(), budget="tool_calls=9", home=tmp_path)
    result = await agent.resume(first.run)
    Home.at(tmp_path).close()
    assert (result.status, world.score(result.answer)) == ("answered", 1)
    assert [call.arguments["n"] for call in world.calls] == [1, 1, 3]


def test_a_world_without_calls_has_nothing_to_restore() -> None:
    class Silent:
        def tools(self) -> Sequence[Tool]:
            return ()

    restore(Silent(), [])


def test_what_a_method_does_not_take_is_told_to_the_policy() -> None:
    world = Counter()
    for arguments in ('{"m": 1}', '{"n": -1}', '{"n": "x"}', "[1]", "{"):
        with pytest.raises(ToolError):
            world.act("add", arguments)
    assert world.number == 0


def test_tools_cost_nothing_and_say_what_the_functions_say() -> None:
    (tool,) = Counter().tools()
    assert (tool.spec.name, tool.least_cost, tool.spec.read_only) == ("add", 0, False)
