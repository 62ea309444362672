"""Memories in whole runs: what the policy is told and offered, how they resume, what is booked."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Agent, AgentOptions, Result
from outlay.benchmarks.suites.almanac import almanac
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import UsageError
from outlay.ledger.usage import Usage
from outlay.memory import memory_names
from outlay.policies import ScriptedPolicy
from outlay.policies.endpoint.wire import message_bytes
from outlay.policies.scripted import Step
from outlay.tools import recall, tool

PRICES = '[models."scripted"]\ninput = 1\noutput = 10\n'
SMALL = {"summary": "summary:limit=700:times=2", "curated": "curated:limit=700",
         "window": "window:outputs=1", "state": "state:turns=1"}  # fmt: skip
TURNS = 5


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query} " * 8


def searching(request: Request) -> Step:
    """Searches until it sees `q4`, and writes what every memory asks for."""
    seen = "\n".join(message.content for message in request.messages)
    if request.messages[-1].content.startswith("# Summarise"):
        return Reply(Message("assistant", f"Known: {last(seen)}."), Usage(input=300, output=9))
    at = last(seen) + 1
    said = f"<report>Known: {at - 1}.</report><state>\nnow: {at - 1}\n</state> Known: {at - 1}."
    if at == TURNS:
        return Reply(Message("assistant", f"{said}\nAnswer: 7"), Usage(input=300, output=20))
    call = ToolCall(f"c{at}", "search", json.dumps({"query": f"q{at}"}))
    return Reply(Message("assistant", said, (call,)), Usage(input=300, output=20))


def last(seen: str) -> int:
    known = [n for n in range(TURNS) if f"found q{n}" in seen or f"Known: {n}" in seen]
    return max(known, default=-1)


def agent_for(home: Path, memory: str, script: Callable[[Request], Step] = searching) -> Agent:
    home.parent.mkdir(exist_ok=True)
    prices = home.parent / "prices.toml"
    prices.write_text(PRICES)
    return Agent(
        model=ScriptedPolicy(script, max_output=300), tools=[search], memory=memory,
        budget="usd=0.5", home=home, prices=prices,
    )  # fmt: skip


@pytest.mark.parametrize("name", memory_names())
async def test_the_policy_is_told_of_its_memory_and_has_its_tools(name: str, home: Path) -> None:
    agent = agent_for(home, SMALL.get(name, name))
    result = await agent.run("Where?")
    assert (result.status, result.answer) == ("answered", "7")
    started = agent.home.events(result.run)[0].body
    prompts, tools = started["agent"]["prompts"], started["agent"]["tools"]
    brought = {"full": [], "curated": ["note", "prune", "pin", "recall"]}.get(name, ["recall"])
    assert tools == ["search", *brought]
    assert started["memory"] == SMALL.get(name, name)
    assert prompts[""] == ("react@1" if name == "full" else f"react@1,{name}@1")


async def test_summaries_are_booked_as_calls_of_their_own(home: Path) -> None:
    agent = agent_for(home, SMALL["summary"])
    result = await agent.run("Where?")
    holds = [e.body for e in agent.home.events(result.run) if e.kind == "hold"]
    made = [hold for hold in holds if hold["node"] == "compact"]
    assert len(made) == 2
    assert {hold["prompt"] for hold in made} == {"compact@1"}
    assert {hold["request"]["tool_choice"] for hold in made} == {"none"}
    assert result.spend["model_calls"] == TURNS + 1 + len(made)


@pytest.mark.parametrize("name", [name for name in memory_names() if name != "full"])
async def test_a_run_cut_off_resumes_to_the_same_end(name: str, home: Path) -> None:
    whole, calls = await played(home / "whole", SMALL.get(name, name), None)
    for place in (3, calls):
        result, made = await played(home / str(place), SMALL.get(name, name), place)
        assert result.trajectory == whole.trajectory
        assert made == calls + 1


async def played(home: Path, memory: str, breaks_at: int | None) -> tuple[Result, int]:
    asked = 0

    def script(request: Request) -> Step:
        nonlocal asked
        asked += 1
        if asked == breaks_at:
            raise RuntimeError("the line is dead")
        return searching(request)

    agent = agent_for(home, memory, script)
    try:
        result = await agent.run("Where?", run="r")
        if result.status == "failed":
            result = await agent.resume("r")
        assert (await agent.replay("r")).trajectory == result.trajectory
        return result, asked
    finally:
        agent.home.close()


async def test_what_the_report_dropped_is_recalled_at_its_price(home: Path) -> None:
    """The fact of the first turn is in no later prompt until it is asked for again."""

    def script(request: Request) -> Step:
        seen = "\n".join(message.content for message in request.messages[1:])
        if "found q3" in seen:
            return ToolCall("c", "recall", '{"query": "q0"}')
        if "r3" in seen:
            fact = request.messages[-1].content
            return f"Answer: {fact.partition('found ')[2].split()[0]}"
        return searching(request)

    agent = agent_for(home, "workspace:recall=0.0004", script)
    result = await agent.run("Where?")
    assert result.answer == "q0"
    assert result.spend["usd.recall"] == Decimal("0.0004")


async def test_a_recall_that_the_user_gives_stands_for_the_memorys(home: Path) -> None:
    agent = Agent(
        model=ScriptedPolicy(searching), tools=[search, recall], memory="window",
        budget="tokens=50k", home=home,
    )  # fmt: skip
    assert (await agent.run("Where?")).answer == "7"


def test_a_tool_that_is_named_like_one_of_the_memorys_is_refused(home: Path) -> None:
    @tool(price=0)
    def note(text: str) -> str:
        """Notes."""
        return text

    with pytest.raises(UsageError, match="two tools are named 'note'"):
        Agent(
            model=ScriptedPolicy(searching),
            tools=[note],
            memory="curated",
            budget="usd=1",
            home=home,
        )


async def test_a_compressed_prompt_is_what_money_is_kept_back_for(home: Path) -> None:
    """The wrap-up of a long run is priced at what the policy will see, not at all that was."""

    def script(request: Request) -> Step:
        size = sum(len(message_bytes(message)) for message in request.messages)
        call = ToolCall(f"c{len(request.messages)}", "search", '{"query": "x"}')
        return Reply(Message("assistant", "", (call,)), Usage(input=size // 4, output=10))

    spent = {}
    for memory in ("full", "workspace"):
        agent = agent_for(home / memory, memory, script)
        result = await agent.run("Where?", budget="tokens=30k")
        spent[memory] = int(result.spend["model_calls"])
        agent.home.close()
    assert spent["workspace"] > 2 * spent["full"]


PLANNERS = ("plan_execute", "reflexion", "pdr", "bats", "bavt")


@pytest.mark.parametrize("planner", PLANNERS)
async def test_planners_of_every_kind_work_with_every_memory(planner: str, home: Path) -> None:
    suite = almanac(hops=2, comparison=0.0, unanswerable=0.0)
    task = suite.tasks(1, 5)[0]
    for name in memory_names():
        agent = Agent(
            model="embedded:reader", tools=suite.world(task).tools(), planner=planner, memory=name,
            budget="usd=0.03", home=home, options=AgentOptions(system=suite.system_prompt),
        )  # fmt: skip
        result = await agent.run(task.prompt)
        await agent.close()
        assert suite.scorer.score(task, result.answer) == 1, (planner, name)
