"""Runs that are routed: whom they ask, what is held, what is learned, what a resume repeats."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outlay.agent import Agent, Home, Result, RunLabels, RunRecord
from outlay.agent.history.routing_stats import logged, recent
from outlay.journal.events import Event
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import BudgetError, DriftError, Unpriced
from outlay.ledger.usage import Usage
from outlay.planners import planner
from outlay.planners.verified.cascade import cascade
from outlay.policies import Endpoint, Policy, Router, ScriptedPolicy
from outlay.policies.endpoint.wire import message_bytes
from outlay.policies.scripted import Script, Step
from outlay.testing import LoopbackServer
from outlay.testing import ScriptedAnswer as Served
from outlay.tools import tool

PRICES = '[models."small"]\ninput = 1\noutput = 10\n[models."large"]\ninput = 10\noutput = 100\n'
SMALL, LARGE = Decimal("0.0004"), Decimal("0.004")
"""USD of a call, billed at 200 tokens in and 20 out."""
VERDICTS = {
    "success": '{"checks": [{"condition": "c", "state": "satisfied"}], "decision": "success"}',
    "pivot": '{"decision": "pivot", "why": "no", "useful": "it is not 1"}',
}


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query}"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each agent asks the store anew."""
    monkeypatch.setattr("outlay.agent.history.routing_stats.PATIENCE", 0)


def billed(step: Message | str) -> Reply:
    message = Message("assistant", step) if isinstance(step, str) else step
    return Reply(message, Usage(input=200, output=20))


def asks_to_verify(request: Request) -> bool:
    return request.messages[-1].content.startswith("# Verify the answer")


def speaker(answer: str, verdict: str = "success", turns: int = 1) -> Script:
    """A policy that searches, answers, and judges its own answer so."""

    def script(request: Request) -> Step:
        if asks_to_verify(request):
            return billed(VERDICTS[verdict])
        turn = sum(message.role == "assistant" for message in request.messages)
        if turn < turns and request.tool_choice != "none":
            call = ToolCall("c", "search", json.dumps({"query": f"q{turn}"}))
            return billed(Message("assistant", "So.", (call,)))
        return billed(f"Answer: {answer}")

    return script


def pair(small: Script, large: Script, **options: Any) -> Router:
    return Router(
        [
            ScriptedPolicy(small, name="small", max_output=100),
            ScriptedPolicy(large, name="large", max_output=100),
        ],
        **options,
    )


@pytest.fixture
def agent(home: Path, tmp_path: Path) -> Callable[..., Agent]:
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICES)

    def build(model: Policy, budget: str = "usd=1", plan: Any = "react", **options: Any) -> Agent:
        return Agent(
            model=model, tools=[search], planner=plan, budget=budget, home=home, prices=prices,
            **options,
        )  # fmt: skip

    return build


def asked(events: list[Event]) -> list[str]:
    return [e.body["name"] for e in events if e.kind == "hold" and e.body["call"] == "model"]


def plain(result: Result) -> tuple[Any, ...]:
    return (result.status, result.text, result.why, result.spend, result.trajectory)


async def teach(build: Callable[..., Agent], policy: Policy, successes: list[bool]) -> None:
    """Logs judged runs of a policy, of class `c`."""
    agent = build(policy)
    for success in successes:
        result = await agent.run("What?", labels=RunLabels(task_class="c"))
        agent.home.write_score(result.run, float(success), success=success)


async def test_a_run_asks_and_is_priced_at_the_policy_that_was_chosen(
    agent: Callable[..., Agent],
    book: Any,
) -> None:
    routed = agent(pair(speaker("1"), speaker("2")))
    result = await routed.run("What?")
    events = book.events(run=result.run)
    assert result.answer == "1"
    assert asked(events) == ["small", "small"]
    assert events[0].body["model"] == "small"
    assert result.spend.usd == 2 * SMALL + Decimal("0.001")
    assert plain(await routed.replay(result.run)) == plain(result)


async def test_the_choice_is_learned_by_class_and_kept_by_replay_and_resume(
    agent: Callable[..., Agent], home: Path
) -> None:
    small, large = (
        ScriptedPolicy(speaker("1"), name="small"),
        ScriptedPolicy(speaker("2"), name="large"),
    )
    await teach(agent, small, [False] * 6)
    await teach(agent, large, [True] * 6)
    router = pair(speaker("1"), speaker("2"))
    labels = RunLabels(task_class="c")
    learned = await agent(router).run("What?", labels=labels)
    assert learned.answer == "2"
    expected = Home.at(home).events(learned.run)[0].body["agent"]["expected"]
    assert {name: one["success"] for name, one in expected.items()} == {
        "small": 0.125, "large": 0.875,
    }  # fmt: skip
    assert Decimal(expected["large"]["usd"]) == 2 * LARGE + Decimal("0.001")
    modest = Router(router.policies, worth=Decimal("0.001"))
    assert (await agent(modest).run("What?", labels=labels)).answer == "1"

    await teach(agent, small, [True] * 20)
    await teach(agent, large, [False] * 6)
    assert plain(await agent(router).replay(learned.run)) == plain(learned)
    assert plain(await agent(router).resume(learned.run)) == plain(learned)
    assert (await agent(router).run("What?", labels=labels)).answer == "1"


async def test_a_run_that_broke_off_goes_on_with_the_policy_it_began_with(
    agent: Callable[..., Agent],
    book: Any,
) -> None:
    large = ScriptedPolicy(speaker("2"), name="large")
    await teach(agent, ScriptedPolicy(speaker("1"), name="small"), [False] * 6)
    await teach(agent, large, [True] * 6)
    count = 0

    def breaking(request: Request) -> Any:
        nonlocal count
        count += 1
        if count == 2:
            raise RuntimeError("the line is dead")
        return speaker("2")(request)

    labels = RunLabels(task_class="c")
    broken = await agent(pair(speaker("1"), breaking)).run("What?", labels=labels)
    assert broken.status == "failed"
    await teach(agent, large, [False] * 20)
    again = agent(pair(speaker("1"), speaker("2")))
    resumed = await again.resume(broken.run)
    assert (resumed.status, resumed.answer) == ("answered", "2")
    assert set(asked(book.events(run=broken.run))) == {"large"}
    with pytest.raises(DriftError):
        await agent(ScriptedPolicy(speaker("1"), name="small")).replay(broken.run)


async def test_the_store_is_not_asked_again_at_once(
    agent: Callable[..., Agent], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outlay.agent.history.routing_stats.PATIENCE", 1_000_000)
    small = ScriptedPolicy(speaker("1"), name="small")
    await teach(agent, small, [True])
    assert recent(Home.at(home)).of("c").runs == 1
    await teach(agent, small, [True])
    assert recent(Home.at(home)).of("c").runs == 1
    assert logged(Home.at(home)).of("c").runs == 2


async def test_what_the_store_has_of_runs(agent: Callable[..., Agent]) -> None:
    await teach(agent, ScriptedPolicy(speaker("1"), name="small"), [True, False])
    await agent(ScriptedPolicy(speaker("1", turns=2), name="small")).run("What?")
    router = pair(speaker("1", "pivot"), speaker("2"))
    mixed = agent(router, plan=cascade())
    await mixed.run("What?", labels=RunLabels(task_class="c"))
    history = logged(mixed.home)
    own = history.of("c", "model:small")
    assert (own.runs, own.judged, own.solved, own.priced) == (2, 2, 1, 2)
    assert own.mean_usd == 2 * SMALL + Decimal("0.001")
    assert (own.output_tokens, own.solved_output_tokens, own.tool_calls) == (80, 40, 2)
    assert history.of("c").runs == 3
    assert history.of("", "model:small").judged == 0
    assert history.elsewhere("c", "model:small").runs == 1
    assert history.of("c", "model:large").runs == 0


async def test_only_policies_that_the_budget_can_pay_are_chosen(
    agent: Callable[..., Agent],
) -> None:
    await teach(agent, ScriptedPolicy(speaker("1"), name="small"), [False] * 6)
    await teach(agent, ScriptedPolicy(speaker("2"), name="large"), [True] * 6)
    routed = agent(pair(speaker("1"), speaker("2")))
    result = await routed.run("What?", budget="usd=0.02", labels=RunLabels(task_class="c"))
    assert result.answer == "1"
    with pytest.raises(BudgetError, match="it takes at least"):
        await routed.run("What?", budget="usd=0.0001")


def test_every_policy_of_a_router_needs_a_price(agent: Callable[..., Agent]) -> None:
    router = Router([ScriptedPolicy([], name="small"), ScriptedPolicy([], name="nobody/knows")])
    with pytest.raises(Unpriced, match="nobody/knows"):
        agent(router)
    agent(router, budget="tokens=10k")


async def test_a_cascade_climbs_until_the_verifier_is_satisfied(
    agent: Callable[..., Agent],
    book: Any,
) -> None:
    router = pair(speaker("1", "pivot"), speaker("2"))
    climbing = agent(router, plan=cascade())
    result = await climbing.run("What?")
    assert (result.status, result.answer) == ("answered", "2")
    assert asked(book.events(run=result.run)) == ["small"] * 3 + ["large"] * 2
    assert result.spend.usd == 3 * SMALL + 2 * LARGE + Decimal("0.002")
    large = router.policies[1]
    assert isinstance(large, ScriptedPolicy)
    assert large.requests[0].messages[1].content == "What?\n\nUseful: it is not 1"
    assert plain(await climbing.replay(result.run)) == plain(result)
    supposed = await climbing.what_if(result.run)
    assert supposed.exact, supposed.why


async def test_a_cascade_stops_where_the_verifier_is_satisfied(
    agent: Callable[..., Agent], book: Any
) -> None:
    climbing = agent(pair(speaker("1"), speaker("2")), plan=cascade())
    result = await climbing.run("What?")
    assert result.answer == "1"
    assert asked(book.events(run=result.run)) == ["small"] * 3


async def test_a_cascade_climbs_no_further_than_the_budget(agent: Callable[..., Agent]) -> None:
    router = pair(speaker("1", "pivot"), speaker("2"))
    seen = set()
    for mills in range(20, 320, 60):
        climbing = agent(router, f"usd=0.{mills:03}", cascade())
        result = await climbing.run("What?")
        assert result.spend.usd <= climbing.budget.limits["usd"]
        seen.add((result.status, result.answer))
    assert {("answered", "1"), ("answered", "2")} <= seen


async def test_a_cascade_over_one_policy_is_react(agent: Callable[..., Agent], book: Any) -> None:
    climbing = agent(ScriptedPolicy(speaker("1"), name="small"), plan=cascade())
    result = await climbing.run("What?")
    assert asked(book.events(run=result.run)) == ["small"] * 2
    assert result.answer == "1"


async def test_a_cascade_begins_where_a_pass_costs_least(
    agent: Callable[..., Agent], book: Any
) -> None:
    await teach(agent, ScriptedPolicy(speaker("1"), name="small"), [False] * 20)
    await teach(agent, ScriptedPolicy(speaker("2"), name="large"), [True] * 6)
    climbing = agent(pair(speaker("1"), speaker("2", "pivot")), plan=cascade())
    result = await climbing.run("What?", labels=RunLabels(task_class="c"))
    assert asked(book.events(run=result.run)) == ["large"] * 3 + ["small"] * 2
    assert result.answer == "1"


@pytest.mark.parametrize("breaks_at", range(1, 6))
async def test_a_cascade_cut_off_anywhere_resumes_to_the_same_end(
    breaks_at: int, agent: Callable[..., Agent]
) -> None:
    calls = 0

    def once(script: Script) -> Script:
        def breaking(request: Request) -> Any:
            nonlocal calls
            calls += 1
            if calls == breaks_at:
                raise RuntimeError("the line is dead")
            return script(request)

        return breaking

    climbing = agent(pair(once(speaker("1", "pivot")), once(speaker("2"))), plan=cascade())
    broken = await climbing.run("What?")
    assert broken.status == "failed"
    result = await climbing.resume(broken.run)
    assert (result.status, result.answer, calls) == ("answered", "2", 6)
    assert plain(await climbing.replay(broken.run)) == plain(result)


async def test_over_http_each_bill_is_at_the_price_of_the_model_that_sent_it(
    server: LoopbackServer, agent: Callable[..., Agent]
) -> None:
    server.steps(
        Served(content="Answer: 1", prompt_tokens=1000, completion_tokens=10),
        Served(content=VERDICTS["pivot"], prompt_tokens=1000, completion_tokens=10),
        Served(content="Answer: 2", prompt_tokens=1000, completion_tokens=10),
    )
    router = Router([Endpoint(n, base_url=server.url, name=n) for n in ("small", "large")])
    climbing = agent(router, plan=cascade())
    result = await climbing.run("What?")
    await climbing.close()
    assert result.answer == "2"
    assert [body["model"] for body in server.bodies] == ["small", "small", "large"]
    assert result.spend.usd == 2 * Decimal("0.0011") + Decimal("0.011")


TEXTS = st.one_of(st.text(max_size=30), st.sampled_from([*VERDICTS.values(), "Answer: 7", "{"]))
CALLS = st.builds(
    lambda name, text: ToolCall("c", name, json.dumps({"query": text})),
    st.sampled_from(["search", "nothing"]), st.text(max_size=10),
)  # fmt: skip
TURNS = st.lists(st.tuples(TEXTS, st.lists(CALLS, max_size=2), st.booleans()), max_size=8)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    turns=TURNS,
    plan=st.sampled_from(["cascade", "react", "best_of"]),
    budget=st.sampled_from(["usd=0.01", "usd=0.1", "tokens=4k", "model_calls=4,usd=1", "search=1"]),
)
def test_whatever_is_said_a_routed_run_ends_within_its_budget(
    turns: list[Any], plan: str, budget: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def script(request: Request) -> Step:
        at = sum(message.role == "assistant" for message in request.messages)
        text, calls, bill = turns[at] if at < len(turns) else ("", [], True)
        made = () if request.tool_choice == "none" else tuple(calls)
        size = sum(len(message_bytes(message)) for message in request.messages) // 3
        usage = Usage(input=size, output=min(9, request.max_tokens or 9)) if bill else None
        return Reply(Message("assistant", text, made), usage)

    place = tmp_path_factory.mktemp("routed")
    (place / "prices.toml").write_text(PRICES)
    made = cascade() if plan == "cascade" else planner(plan)
    agent = Agent(
        model=pair(script, script), tools=[search], planner=made, budget=budget,
        home=place / "home", prices=place / "prices.toml",
    )  # fmt: skip
    try:
        result = asyncio.run(agent.run("What?"))
    except BudgetError:
        return
    finally:
        Home.at(place / "home").close()
    for resource, limit in agent.budget.limits.items():
        assert result.spend[resource] <= limit
    events = agent.home.events(result.run)
    assert RunRecord.of(events).spent == result.spend
    assert not [event for event in events if event.kind == "overrun"]
    assert plain(asyncio.run(agent.replay(result.run))) == plain(result)


def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples and statements of docs/routing.md."""
    page = (Path(__file__).parents[2] / "docs" / "routing.md").read_text("utf-8")
    monkeypatch.setenv("OUTLAY_HOME", str(tmp_path))
    names: dict[str, Any] = {}
    for example in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        exec(example, names)
    assert names["result"].status == "answered"
    for statement in re.findall(r"^```sql\n(.*?);\n```", page, re.MULTILINE | re.DOTALL):
        Home.at(tmp_path).store.query(statement)
    Home.at(tmp_path).close()
