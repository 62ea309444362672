"""What the policy is told, word for word, and that a prompt only ever grows."""

from __future__ import annotations

import inspect
import itertools
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Agent, Result
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import UsageError
from outlay.ledger.usage import Usage
from outlay.planners import (
    BudgetLine,
    budget_block,
    old_budget_block,
    planner,
    planner_names,
    price_list,
    prompt,
)
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step, by_turn
from outlay.tools import tool

GOLDEN = Path(__file__).with_name("golden")
PROMPTS = Path(__file__).parents[2] / "planners" / "prompts"
ZERO = Decimal(0)
BUDGET = "usd=0.02,search=3,tool_calls=9,tokens=100k"


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query}"


def searching(turns: int) -> list[Step]:
    """A search in each turn, then an answer, each billed at 110 tokens."""
    calls = [ToolCall(f"c{n}", "search", json.dumps({"query": f"q{n}"})) for n in range(turns)]
    said = [Message("assistant", f"Turn {n}.", (call,)) for n, call in enumerate(calls)]
    answer = Message("assistant", "Answer: 7")
    return [Reply(message, Usage(input=100, output=10)) for message in (*said, answer)]


PHASES = {
    "# Plan the search": '{"exploration": ["a place"], "verification": ["the year"], '
    '"steps": [{"id": "1", "text": "look"}, {"id": "2", "text": "check"}]}',
    "# Plan the steps": '{"steps": ["look", "tell"]}',
    "# Verify the answer": '{"checks": [{"condition": "the year", "state": "unverifiable"}], '
    '"decision": "pivot", "why": "no year was seen", "summary": "it is 7, perhaps", '
    '"advice": "look for the year"}',
    "# Select an answer": '{"choice": 2}',
    "# Reflect on the attempt": "Look for the year.",
    "# Distil the drafts": "Both drafts say 7.",
    "# Plan ahead": '{"steps": [{"tool": "search", "arguments": {"query": "q0"}}]}',
    "# Judge the progress": '{"score": 4}',
}
SINGLE = ("react", "tracker")
"""Planners whose every prompt is the beginning of the next."""
SEVERAL = (
    "sequential",
    "vote:n=2",
    "best_of:n=2",
    "plan_execute",
    "reflexion:n=2",
    "pdr:drafts=2",
    "bats:attempts=2",
    "bavt:width=1:steps=4",
    "toolchain:k=2:expansions=1",
)


async def played(name: str, home: Path, turns: int = 2, budget: str = BUDGET) -> list[Request]:
    """Plays a policy that searches, answers, and gives each phase what it asks for."""
    turn = by_turn(searching(turns))

    def script(request: Request) -> Step:
        heading = request.messages[-1].content.split("\n")[0]
        if heading in PHASES:
            return Reply(Message("assistant", PHASES[heading]), Usage(input=100, output=10))
        step = turn(request)
        assert not inspect.isawaitable(step)
        return step

    policy = ScriptedPolicy(script, max_output=200)
    agent = Agent(model=policy, tools=[search], planner=name, budget=budget, home=home)
    result = await agent.run("Where is it?")
    assert isinstance(result, Result)
    return policy.requests


@pytest.mark.parametrize("name", SINGLE)
async def test_prompts_are_these_words(name: str, home: Path) -> None:
    last = (await played(name, home))[-1]
    text = "\n".join(f"## {m.role}\n\n{m.content}\n" for m in last.messages)
    assert text == (GOLDEN / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("name", SEVERAL)
async def test_all_that_a_planner_asks_is_these_words(name: str, home: Path) -> None:
    requests = await played(name, home, budget="usd=0.2,search=9")
    before: tuple[Message, ...] = ()
    text = ""
    for number, request in enumerate(requests, start=1):
        pairs = zip(before, request.messages, strict=False)
        same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        before = request.messages
        text += f"# Request {number}: {same} messages as before, tools {request.tool_choice}\n\n"
        text += "".join(f"## {m.role}\n\n{m.content}\n\n" for m in request.messages[same:])
    assert text == (GOLDEN / f"{name.partition(':')[0]}.md").read_text("utf-8")


async def test_wrap_up_is_these_words(home: Path) -> None:
    last = (await played("tracker", home, turns=4))[-1]
    assert last.tool_choice == "none"
    assert [spec.name for spec in last.tools] == ["search"]
    assert f"{last.messages[-1].content}\n" == (GOLDEN / "wrap_up.md").read_text("utf-8")


@pytest.mark.parametrize("turns", [2, 4])
@pytest.mark.parametrize("name", SINGLE)
async def test_each_prompt_is_the_beginning_of_the_next(name: str, turns: int, home: Path) -> None:
    requests = await played(name, home, turns)
    assert len(requests) > 2
    for before, after in itertools.pairwise(requests):
        assert after.messages[: len(before.messages)] == before.messages
        assert after.tools == before.tools


async def test_the_budget_is_told_after_the_task_and_each_batch_and_nowhere_else(
    home: Path,
) -> None:
    messages = (await played("tracker", home))[-1].messages
    told = [bool(re.search(r"^<budget>$", m.content, re.MULTILINE)) for m in messages]
    roles = ["system", "user", "assistant", "tool", "assistant", "tool"]
    assert [m.role for m in messages] == roles
    assert told == [False, True, False, True, False, True]
    assert all(m.content.endswith("</budget>") for m in messages if m.role in ("user", "tool"))


async def test_react_is_told_nothing_of_its_budget(home: Path) -> None:
    for message in (await played("react", home))[-1].messages:
        assert "<budget>" not in message.content


LINES = [
    BudgetLine("usd", Decimal("0.0123456789"), Decimal("-0.5"), Decimal("0.03")),
    BudgetLine("tokens", 1_200, 90_000, 8_800),
    BudgetLine("tool_calls", 3, 6, calls=6),
    BudgetLine("tool_calls.search", 3, 0, calls=0),
    BudgetLine("usd.search", Decimal("0.003"), Decimal("10")),
]


def test_block() -> None:
    prices = price_list({"search": Decimal("0.001"), "look": ZERO}, (Decimal("0.25"), Decimal(2)))
    block = budget_block(LINES, ("verify", "wrap_up"), prices)
    assert f"{block}\n" == (GOLDEN / "block.txt").read_text("utf-8")
    assert budget_block([]) == ""


def test_block_of_older_runs() -> None:
    text = (GOLDEN / "block@2.txt").read_text("utf-8")
    assert f"{old_budget_block(LINES)}\n" == text
    assert old_budget_block([]) == ""


def test_planners_are_named_where_one_is_unknown() -> None:
    with pytest.raises(UsageError, match="the planners are react, tracker, "):
        planner("raect")


def test_options_are_read_from_text_and_named() -> None:
    made = planner("best_of:n=8:remind=4:critic=0.01:tracked=true")
    assert made.name == "best_of:n=8:remind=4:critic=0.01:tracked=true"
    assert (made.remind, made.critic, made.tracked) == (4, Decimal("0.01"), True)
    assert planner("best_of", n=8).name == "best_of:n=8"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("best_of:m=8", "has no option 'm': it has n, tracked, remind, critic"),
        ("best_of:8", "'8' is not OPTION=VALUE"),
        ("best_of:n=many", "n=many: a value of type int is needed"),
        ("bats:early_stop=yes", "early_stop=yes: true or false is needed"),
        ("react:critic=x", "critic=x: a value of type Decimal is needed"),
    ],
)
def test_a_wrong_option_is_named(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(complaint)):
        planner(text)


def test_versions_name_every_prompt_of_every_purpose() -> None:
    assert dict(planner("bats:critic=1").versions) == {
        "": "react@1,bats@1,budget@3", "wrap_up": "wrap_up@2", "plan": "plan@1",
        "verify": "verify@1", "select": "select@1", "critic": "critic@1",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted({p.stem.partition("@")[0] for p in PROMPTS.glob("*.md")}))
def test_prompts_have_versions(name: str) -> None:
    assert prompt(name).version >= 1
    assert "version:" not in prompt(name).text


@pytest.mark.parametrize("name", planner_names())
def test_every_planner_can_be_drawn(name: str, home: Path) -> None:
    agent = Agent(model=ScriptedPolicy(["x"]), planner=name, budget="usd=1", home=home)
    drawing = agent.graph.get_graph()
    edges = {(edge.source, edge.target) for edge in drawing.edges}
    reached = {"__start__"}
    for _ in drawing.nodes:
        reached |= {target for source, target in edges if source in reached}
    assert reached == set(drawing.nodes)
    assert all(node in drawing.draw_mermaid() for node in drawing.nodes)


def test_react_thinks_and_acts_in_turn(home: Path) -> None:
    agent = Agent(model=ScriptedPolicy(["x"]), planner="react", budget="usd=1", home=home)
    drawing = agent.graph.get_graph()
    assert set(drawing.nodes) == {"__start__", "think", "act", "wrap_up", "__end__"}
    edges = {(edge.source, edge.target) for edge in drawing.edges}
    assert {("think", "act"), ("act", "think"), ("think", "wrap_up")} <= edges
    assert {("wrap_up", "__end__"), ("think", "__end__"), ("act", "__end__")} <= edges
