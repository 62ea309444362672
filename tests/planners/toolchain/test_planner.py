"""The planner in whole runs: plan first, act after, on a budget, cut off and resumed anywhere."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Agent, AgentOptions, Result
from outlay.journal.events import Event
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import ToolError, UsageError
from outlay.ledger.usage import Usage
from outlay.planners.toolchain import SEARCHES, toolchain
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step
from outlay.tools import tool

PRICES = '[models."scripted"]\ninput = 1\noutput = 10\n'
PLAN = ["ask", "flight", "hotel"]
SEED = 40


class TravelDesk:
    """A travel desk: asking reads, booking does not, and the car is broken."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.booked: list[str] = []

    def tools(self) -> list[object]:
        @tool(price="0.001", read_only=True, inline=True)
        def ask(what: str) -> str:
            """Asks what there is."""
            self.asked.append(what)
            return f"there is a {what}"

        @tool(price="0.002", inline=True)
        def book(what: str) -> str:
            """Books a thing."""
            if what == "car":
                raise ToolError("the car is broken")
            self.booked.append(what)
            return f"booked a {what}"

        return [ask, book]


def as_step(name: str) -> dict[str, object]:
    what = {"what": "flight" if name == "ask" else name}
    return {"tool": "ask" if name == "ask" else "book", "arguments": what}


def planning(request: Request) -> list[str] | None:
    """Returns the steps planned so far, or None where the policy is to act."""
    text = request.messages[-1].content
    if not text.startswith("# Plan ahead"):
        return None
    return re.findall(r"^\d+\. (\w+) ", text.partition("Planned so far:")[2], re.MULTILINE)


def planner_script(request: Request, plan: list[str] = PLAN) -> Reply:
    """Plans step by step, every fifth sample another way; then answers."""
    done = planning(request)
    if done is None:
        return billed("Answer: done")
    rest = plan[len(done) :]
    if ((request.seed or 0) - SEED) % 5 == 4:
        rest = ["boat", *rest]
    return billed(json.dumps({"steps": [as_step(name) for name in rest]}))


def billed(step: Message | str) -> Reply:
    message = Message("assistant", step) if isinstance(step, str) else step
    return Reply(message, Usage(input=300, output=30))


def agent_for(
    home: Path, script: Callable[[Request], Step], budget: str = "usd=1", **options: object
) -> tuple[Agent, TravelDesk]:
    home.parent.mkdir(exist_ok=True)
    prices = home.parent / "prices.toml"
    prices.write_text(PRICES)
    desk = TravelDesk()
    agent = Agent(
        model=ScriptedPolicy(script, max_output=300), tools=desk.tools(), home=home, prices=prices,
        planner=toolchain(**options), budget=budget, options=AgentOptions(seed=SEED),
    )  # fmt: skip
    return agent, desk


def calls(events: list[Event]) -> list[str]:
    """Returns what was held, in order: nodes of model calls, names of tools."""
    held = [event.body for event in events if event.kind == "hold"]
    return [body["node"] if body["call"] == "model" else body["name"] for body in held]


async def test_nothing_is_booked_before_the_plan_is_complete(home: Path) -> None:
    agent, desk = agent_for(home, planner_script, k=5)
    result = await agent.run("Travel.")
    assert (result.status, result.answer) == ("answered", "done")
    assert desk.booked == ["flight", "hotel"]
    made = calls(agent.home.events(result.run))
    first = made.index("book")
    assert "toolchain" not in made[first:]
    assert made[first:] == ["book", "book", "think"]
    said = [call.arguments for m in result.trajectory for call in m.tool_calls]
    assert said == [f'{{"what":"{what}"}}' for what in ("flight", "flight", "hotel")]


async def test_samples_that_agree_are_one_step(home: Path) -> None:
    agent, _ = agent_for(home, planner_script, k=5)
    result = await agent.run("Travel.")
    made = calls(agent.home.events(result.run))
    assert made.count("toolchain") == 4 * 5
    assert result.spend["model_calls"] == 4 * 5 + 1


async def test_what_only_reads_is_tried_out_and_paid_once(home: Path) -> None:
    seen: list[str] = []

    def script(request: Request) -> Step:
        seen.append(request.messages[-1].content)
        return planner_script(request)

    agent, desk = agent_for(home, script, k=1)
    result = await agent.run("Travel.")
    assert desk.asked == ["flight"]
    made = calls(agent.home.events(result.run))
    assert made == [
        "toolchain", "ask", "toolchain", "toolchain", "toolchain", "book", "book", "think",
    ]  # fmt: skip
    assert seen[1].endswith('1. ask {"what":"flight"} → there is a flight')
    told = [m.content for m in result.trajectory if m.role == "tool"]
    assert told == ["there is a flight", "booked a flight", "booked a hotel"]


@pytest.mark.parametrize("name", SEARCHES)
async def test_every_search_finds_the_plan(name: str, home: Path) -> None:
    agent, desk = agent_for(home, planner_script, k=2, search=name, depth=3)
    result = await agent.run("Travel.")
    assert result.status == "answered"
    assert desk.booked == ["flight", "hotel"]


async def test_money_that_runs_out_in_the_search_still_buys_what_it_can(home: Path) -> None:
    """From a budget for hardly a call up to one for the whole run."""
    ended = set()
    for mills in range(12, 36, 4):
        budget = Decimal(mills) / 1000
        agent, desk = agent_for(home / str(mills), planner_script, f"usd={budget}", k=3)
        result = await agent.run("Travel.")
        assert result.spend.usd <= budget
        assert desk.booked == ["flight", "hotel"][: len(desk.booked)]
        events = agent.home.events(result.run)
        refused = [e for e in events if e.kind == "refused" and e.body.get("node") == "toolchain"]
        if refused and result.spend["tool_calls"]:
            assert result.status == "budget_exhausted"
            assert "wrap_up" in calls(events)
        ended.add((result.status, bool(refused), len(desk.booked)))
        agent.home.close()
    assert ("answered", False, 2) in ended
    assert any(refused and status == "budget_exhausted" for status, refused, _ in ended)


async def test_without_a_readable_plan_the_policy_acts_by_itself(home: Path) -> None:
    def script(request: Request) -> Step:
        if planning(request) is not None:
            return billed("I would rather not plan.")
        turns = sum(message.role == "assistant" for message in request.messages)
        call = ToolCall("c", "book", '{"what": "boat"}')
        return billed("Answer: sailed" if turns else Message("assistant", "", (call,)))

    agent, desk = agent_for(home, script, k=2)
    result = await agent.run("Travel.")
    assert (result.answer, desk.booked) == ("sailed", ["boat"])
    assert calls(agent.home.events(result.run)) == ["toolchain"] * 2 + ["think", "book", "think"]


async def test_steps_that_cannot_be_called_are_left_out(home: Path) -> None:
    def script(request: Request) -> Step:
        if planning(request) == []:
            return billed('{"steps": [{"tool": "teleport"}, {"tool": "book"}]}')
        return planner_script(request)

    agent, desk = agent_for(home, script, k=2)
    assert (await agent.run("Travel.")).answer == "done"
    assert desk.booked == []


async def test_a_step_that_fails_ends_the_plan_and_the_policy_goes_on(home: Path) -> None:
    agent, desk = agent_for(
        home, lambda request: planner_script(request, ["flight", "car", "hotel"]), k=1
    )
    result = await agent.run("Travel.")
    assert desk.booked == ["flight"]
    told = [m.content for m in result.trajectory if m.role == "tool"]
    assert told == ["booked a flight", "Error: the car is broken"]
    assert result.answer == "done"


async def test_a_run_cut_off_resumes_to_the_same_end(home: Path) -> None:
    whole, asked, booked = await played(home / "whole", breaks_at=None)
    assert (whole.status, booked) == ("answered", ["flight", "hotel"])
    for place in (1, 4, 6, asked):
        result, again, booked = await played(home / str(place), breaks_at=place)
        assert (result.text, result.status) == (whole.text, whole.status)
        assert result.trajectory == whole.trajectory
        assert (again, booked) == (asked + 1, ["flight", "hotel"])


async def played(home: Path, breaks_at: int | None) -> tuple[Result, int, list[str]]:
    asked = 0

    def script(request: Request) -> Step:
        nonlocal asked
        asked += 1
        if asked == breaks_at:
            raise RuntimeError("the line is dead")
        return planner_script(request)

    agent, desk = agent_for(home, script, k=2)
    try:
        result = await agent.run("Travel.", run="r")
        if result.status == "failed":
            assert "the line is dead" in result.why
            result = await agent.resume("r")
            replayed = await agent.replay("r")
            assert replayed.trajectory == result.trajectory
        return result, asked, desk.booked
    finally:
        agent.home.close()


async def test_remembered_plans_come_from_a_file(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "plans.jsonl"
    file.write_text('["ask", "book", "book"]\n\n["ask", "book"]\n')
    agent, desk = agent_for(home, planner_script, k=2, plans=str(file))
    result = await agent.run("Travel.")
    assert desk.booked == ["flight", "hotel"]
    values = [e.body["value"] for e in agent.home.events(result.run) if e.kind == "value"]
    assert [["ask", "book", "book"], ["ask", "book"]] in values


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="toolchain option k must be 1 or more, not 0"):
        toolchain(k=0)
    with pytest.raises(UsageError, match="alpha must be from 0 to 1"):
        toolchain(alpha=2)
    with pytest.raises(UsageError, match="there is no search 'x'"):
        toolchain(search="x")
    with pytest.raises(UsageError, match="cannot be read"):
        toolchain(plans=str(tmp_path / "none"))
    (tmp_path / "plans").write_text('{"search": 1}')
    with pytest.raises(UsageError, match="need a JSON list of function names per line"):
        toolchain(plans=str(tmp_path / "plans"))


def test_the_planner_can_be_drawn(home: Path) -> None:
    agent, _ = agent_for(home, planner_script)
    drawing = agent.graph.get_graph()
    edges = {(edge.source, edge.target) for edge in drawing.edges}
    assert {("__start__", "expand"), ("expand", "expand"), ("expand", "execute")} <= edges
    assert {("execute", "think"), ("execute", "wrap_up"), ("expand", "think")} <= edges


def test_every_option_stands_in_the_documentation_with_its_default() -> None:
    page = (Path(__file__).parents[3] / "docs" / "toolchain.md").read_text("utf-8")
    written = re.findall(r"^\| `(\w+)` \| `?([\w.]+)`? \| ", page, re.MULTILINE)
    parameters = inspect.signature(toolchain).parameters.values()
    assert written == [(p.name, str(p.default).lower()) for p in parameters]
