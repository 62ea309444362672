"""Steps, lessons and outcomes as they are read from the record of real runs."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from outlay.agent import Agent, RunLabels
from outlay.agent.history.past_runs import is_solved, lessons_of, outcomes_of, steps_of
from outlay.journal.records import Message, Request, ToolCall
from outlay.memory import memory
from outlay.memory.experience.examples import Examples, with_examples
from outlay.memory.experience.help_value import ArmOutcome
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step
from outlay.tools import tool


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query}"


def script(request: Request) -> Step:
    heading = request.messages[-1].content.split("\n")[0]
    if heading == "# Verify the answer":
        return '{"decision": "pivot"}'
    if heading == "# Reflect on the attempt":
        return "Mind the year."
    turn = sum(message.role == "assistant" for message in request.messages)
    if turn == 2:
        return "Answer: 7"
    call = ToolCall(f"c{turn}", "search", json.dumps({"query": f"q{turn}"}))
    return Message("assistant", f"Now for q{turn}.", (call,))


def agent_for(home: Path, **options: object) -> Agent:
    return Agent(model=ScriptedPolicy(script), tools=[search], home=home, budget="usd=1", **options)  # type: ignore[arg-type]


async def test_a_judged_run_gives_its_steps_to_a_later_one(home: Path) -> None:
    first = agent_for(home)
    run = (await first.run("Where?", labels=RunLabels(task_id="t1"))).run
    first.home.write_score(run, 1.0, success=True)
    events = first.home.events(run)
    steps = steps_of(events)
    assert [(s.task, s.place, s.thought, s.outcome) for s in steps] == [
        ("t1", 1, "Now for q0.", "found q0"),
        ("t1", 2, "Now for q1.", "found q1"),
    ]
    assert steps[0].action == 'search {"query": "q0"}'
    assert is_solved(events)

    examples = Examples([steps], task="t2", answers=[])
    later = agent_for(home, memory=with_examples(memory("full"), examples))
    result = await later.run("Where else?", labels=RunLabels(task_id="t2"))
    asked = later.policy.requests[-1].messages  # type: ignore[attr-defined]
    assert asked[-1].content.startswith("Steps of other tasks that were solved:\n\n[step -1]")
    later.home.write_score(result.run, 0.0, success=False)
    assert list(outcomes_of([events, later.home.events(result.run)])) == [
        ArmOutcome(False, True, Decimal("0.002")),
        ArmOutcome(True, False, Decimal("0.002")),
    ]


async def test_reflections_are_lessons(home: Path) -> None:
    agent = agent_for(home, planner="reflexion:n=2")
    result = await agent.run("Where?", labels=RunLabels(task_id="t1"))
    found = list(lessons_of("almanac", agent.home.events(result.run)))
    assert [(lesson.task, lesson.text) for lesson in found] == [("t1", "Mind the year.")]
    assert is_solved(agent.home.events(result.run)) is None
