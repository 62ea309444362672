"""Whatever a policy says, a run ends, within its budget, and its replay is the same."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from outlay.agent import Agent, AgentOptions, Home, Result, RunRecord, final_answer
from outlay.journal.codec import SentPrompts, delta, restore
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import BudgetError
from outlay.ledger.usage import Usage
from outlay.planners import planner_names
from outlay.policies import ScriptedPolicy
from outlay.policies.endpoint.wire import message_bytes
from outlay.tools import tool

PRICES = '[models."scripted"]\ninput = 1\ncache_read = 0.1\noutput = 10\nreasoning = 20\n'


@tool(price="0.001", read_only=True, inline=True)
def cheap(text: str = "") -> str:
    """Says it again."""
    return text * 3


@tool(price=lambda n: Decimal(n) / 100, inline=True)
def dear(n: int) -> str:
    """Costs a cent for each n."""
    if n > 3:
        raise ValueError("too much")
    return "x" * n * 500


ARGUMENTS = st.one_of(
    st.text(max_size=20),
    st.builds(lambda text: json.dumps({"text": text}), st.text(max_size=200)),
    st.builds(lambda n: json.dumps({"n": n}), st.integers(0, 5)),
)
CALLS = st.builds(
    ToolCall,
    st.text(min_size=1, max_size=3),
    st.sampled_from(["cheap", "dear", "nothing", ""]),
    ARGUMENTS,
)
CHECKS = [{"condition": "c", "state": "satisfied"}, {"condition": "d", "state": "unverifiable"}]
FORMS: list[dict[str, Any]] = [
    {"checks": CHECKS[:1], "decision": "success", "summary": "all is well"},
    {"checks": CHECKS, "decision": "continue", "advice": "dig"},
    {"decision": "pivot", "failure": "a dead end", "useful": "nothing"},
    {"decision": "perhaps"},
    {"decision": "stop", "why": "too dear"},
    {"choice": 2},
    {"choice": -7, "why": None},
    {"steps": ["look", "tell"]},
    {"steps": [{"id": "1", "text": "look"}, {"id": "1.1", "text": "tell"}], "exploration": ["e"]},
    {"steps": [{"id": "1", "text": "look"}, {"id": "1", "text": "again"}]},
]
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from([json.dumps(form) for form in FORMS]),
    st.sampled_from(["<plan>\n[x] 1\n[!] 9.9\n+ 2 more\n</plan>", "Answer: 7", '{"decision":']),
)
PLANNERS = [
    *planner_names(),
    "react:critic=0.001:remind=1",
    "bats:early_stop=true:k=1",
    "bats:planning=false:verification=false:tracked=false",
    "best_of:n=3:tracked=true:critic=0",
]
TURNS = st.lists(
    st.tuples(
        TEXTS, st.lists(CALLS, max_size=4), st.tuples(*[st.floats(0, 1)] * 4),
        st.booleans(),
    ),
    max_size=12,
)  # fmt: skip
LIMITS = {
    "usd": st.decimals("0.001", "0.3", places=6),
    "tokens": st.integers(500, 60_000),
    "input_tokens": st.integers(500, 60_000),
    "output_tokens": st.integers(5, 4_000),
    "model_calls": st.integers(1, 12),
    "tool_calls": st.integers(0, 12),
    "cheap": st.integers(0, 5),
    "dear.usd": st.decimals("0", "0.1", places=6),
}
BUDGETS = st.dictionaries(st.sampled_from(sorted(LIMITS)), st.just(None), min_size=1).flatmap(
    lambda names: st.fixed_dictionaries({name: LIMITS[name] for name in names})
)


TIGHT = [
    ("task", [ToolCall(f"c{n}", "cheap", "") for n in range(3)], (0.0, 0.73, 0.72, 0.82), False),
    ("", [], (0.33, 0.0, 0.0, 0.08), True),
]
"""What is kept back decides what the policy is told; the endpoint's first bill comes later."""
FIRST_BILL = [(json.dumps(FORMS[0]), [], (0.0, 0.0, 0.0, 0.0), True)]
"""The first bill is below what was estimated, so that more can be begun than was thought."""


@settings(max_examples=200, deadline=None)
@given(turns=TURNS, limits=BUDGETS, planner=st.sampled_from(PLANNERS))
@example(turns=TIGHT, limits={"tokens": 6960}, planner="cascade")
@example(turns=FIRST_BILL, limits={"input_tokens": 3704}, planner="pdr")
def test_every_run_ends_within_its_budget(
    turns: list[Any], limits: dict[str, Any], planner: str
) -> None:
    with living(turns, ",".join(f"{n}={v}" for n, v in limits.items()), planner) as agent:
        result = asyncio.run(asyncio.wait_for(outcome_of(agent), 20))
        if isinstance(result, BudgetError):
            assert "it takes at least" in str(result)
            return
        assert result.status in ("answered", "budget_exhausted", "failed")
        for resource, limit in agent.budget.limits.items():
            assert result.spend[resource] <= limit, resource
        events = agent.home.events(result.run)
        assert RunRecord.of(events).spent == result.spend
        assert not [event for event in events if event.kind == "overrun"]
        assert [event.seq for event in events] == list(range(len(events)))
        again = asyncio.run(agent.replay(result.run))
        assert plain(again) == plain(result)
        if result.status != "failed":
            supposed = asyncio.run(agent.what_if(result.run))
            assert (supposed.exact, supposed.why) == (True, "")
            assert supposed.result is not None
            assert plain(supposed.result) == plain(result)


async def outcome_of(agent: Agent) -> Result | BudgetError:
    try:
        return await agent.run("What is it?")
    except BudgetError as error:
        return error


@contextmanager
def living(turns: list[Any], budget: str, planner: str) -> Iterator[Agent]:
    """An agent in a home of its own, whose policy bills at most what it may."""

    def script(request: Request) -> Reply:
        turn = sum(message.role == "assistant" for message in request.messages)
        text, calls, shares, billed = turns[turn] if turn < len(turns) else ("", [], [0] * 4, True)
        if request.tool_choice == "none":
            calls = []
        return Reply(
            Message("assistant", text, tuple(calls)), bill(request, shares) if billed else None
        )

    with tempfile.TemporaryDirectory() as folder:
        prices = Path(folder, "prices.toml")
        prices.write_text(PRICES)
        home = Path(folder, "home")
        try:
            yield Agent(
                model=ScriptedPolicy(script, max_output=300), tools=[cheap, dear], budget=budget,
                planner=planner, prices=prices, home=home,
                options=AgentOptions(min_output=5, wrap_up_tokens=40),
            )  # fmt: skip
        finally:
            Home.at(home).close()


def bill(request: Request, shares: list[float]) -> Usage:
    """Returns a bill of a token for every three bytes, and of no more output than asked."""
    seen = sum(len(message_bytes(message)) // 3 for message in request.messages)
    read, write, written, thought = shares
    most = request.max_tokens or 0
    output = int(written * most)
    cached = int(read * seen)
    fresh = int(write * (seen - cached))
    return Usage(
        input=seen - cached - fresh, cache_read=cached, cache_write=fresh,
        output=output, reasoning=int(thought * (most - output)),
    )  # fmt: skip


def plain(result: Result) -> tuple[Any, ...]:
    return (result.status, result.text, result.why, result.spend, result.cost, result.trajectory)


MESSAGES = st.lists(
    st.builds(Message, st.sampled_from(["user", "assistant", "tool"]), st.sampled_from("abc")),
    max_size=6,
)


@given(st.lists(st.tuples(MESSAGES, st.one_of(st.none(), st.integers(0, 99)))))
def test_prompts_are_restored_from_their_deltas(prompts: list[Any]) -> None:
    prefixes, kept, restored = SentPrompts(), {}, {}
    for number, (prompt, billed) in enumerate(prompts):
        id = f"h{number}"
        kept[id] = delta(prefixes.match(prompt), prompt)
        prefixes.add(id, prompt)
        prefixes.add(id, prompt, billed)
        restored[id] = restore(kept[id], restored)
        assert restored[id] == tuple(prompt)


@given(st.lists(st.tuples(MESSAGES, st.integers(0, 99)), min_size=1), MESSAGES)
def test_the_longest_billed_prefix_is_known(prompts: list[Any], asked: list[Message]) -> None:
    prefixes = SentPrompts()
    for number, (prompt, billed) in enumerate(prompts):
        prefixes.add(str(number), prompt, billed)
    match = prefixes.match(asked)
    bills = {tuple(prompt): billed for prompt, billed in prompts}
    known = [n for n in range(1, len(asked) + 1) if tuple(asked[:n]) in bills]
    longest = max(known, default=0)
    assert match.known_messages == longest
    assert match.known_tokens == (bills[tuple(asked[:longest])] if longest else 0)


@given(st.text())
def test_every_text_has_a_final_answer(text: str) -> None:
    answer = final_answer(text)
    assert answer == answer.strip(" *") or answer == text.strip()
    assert final_answer(f"{text}\nAnswer: forty-two") == "forty-two"


def test_final_answers() -> None:
    cases = {
        "Answer: 42": "42",
        "It is clear.\nAnswer: Rome ": "Rome",
        "Answer: a\nAnswer: b": "b",
        "**Answer:** Rome": "Rome",
        "**Answer: Rome**": "Rome",
        "answer : x": "x",
        "  ANSWER: 3:4": "3:4",
        "The answer: no": "no",
        "Just text\n": "Just text",
        "Answer:": "",
        "": "",
    }
    assert {text: final_answer(text) for text in cases} == cases
