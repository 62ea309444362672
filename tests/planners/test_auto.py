"""Auto: which mode it chooses and by what, what the policy is told, and how it ends."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outlay.agent import Agent, Home, Result, RunLabels
from outlay.journal.events import Event
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import BudgetError, UsageError
from outlay.ledger.usage import Usage
from outlay.planners.loops.auto import MODES, ModeChoice, auto, learned
from outlay.planners.verified.cascade import cascade
from outlay.policies import Router, RoutingStats, RunTally, ScriptedPolicy
from outlay.policies.scripted import Script, Step
from outlay.tools import tool

GOLDEN = Path(__file__).with_name("golden")
CLASS = RunLabels(task_class="c")


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query}"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each agent asks the store anew."""
    monkeypatch.setattr("outlay.agent.history.routing_stats.PATIENCE", 0)


def heading(request: Request) -> str:
    line = request.messages[-1].content.split("\n")[0]
    return line.removeprefix("# ") if line.startswith("# ") else ""


def billed(step: Message | str, output: int = 20) -> Reply:
    message = Message("assistant", step) if isinstance(step, str) else step
    return Reply(message, Usage(input=200, output=output))


def chooses(mode: str, effort: float = 1.0, turns: int = 1) -> Script:
    """A policy that chooses a mode, and with the tools searches so often."""

    def script(request: Request) -> Step:
        if heading(request).startswith("Choose"):
            return billed(json.dumps({"mode": mode, "effort": effort}))
        if request.tool_choice == "none":
            return billed("Answer: 7")
        turn = sum(message.role == "assistant" for message in request.messages)
        if turn == turns:
            return billed("Answer: 8")
        return billed(Message("assistant", "", (ToolCall("c", "search", '{"query": "q"}'),)))

    return script


def agent(home: Path, script: Script, budget: str = "usd=1", **options: Any) -> Agent:
    policy = ScriptedPolicy(script, max_output=300)
    return Agent(model=policy, tools=[search], planner=auto(**options), budget=budget, home=home)


def asked(events: list[Event]) -> list[str]:
    return [e.body["node"] for e in events if e.kind == "hold" and e.body["call"] == "model"]


def plain(result: Result) -> tuple[Any, ...]:
    return (result.status, result.text, result.why, result.spend, result.trajectory)


def written(requests: list[Request]) -> str:
    """Returns all that a policy was asked, each request by what is new in it."""
    text, before = "", tuple[Message, ...]()
    for number, request in enumerate(requests, start=1):
        pairs = zip(before, request.messages, strict=False)
        same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        before = request.messages
        text += f"# Request {number}: {same} messages as before, tools {request.tool_choice}\n\n"
        text += "".join(f"## {m.role}\n\n{m.content}\n\n" for m in request.messages[same:])
    return text


@pytest.mark.parametrize("mode", MODES)
async def test_all_that_auto_asks_is_these_words(mode: str, home: Path) -> None:
    policy = ScriptedPolicy(chooses(mode, 0.4), max_output=300)
    made = Agent(model=policy, tools=[search], planner=auto(), budget="usd=1", home=home)
    await made.run("Where is it?")
    assert written(policy.requests) == (GOLDEN / f"auto_{mode}.md").read_text("utf-8")


async def test_all_that_a_cascade_asks_is_these_words(home: Path) -> None:
    pivot = '{"decision": "pivot", "why": "no year", "summary": "it is 7", "advice": "look"}'
    requests: list[Request] = []

    def script(request: Request) -> Step:
        requests.append(request)
        return billed(pivot if heading(request) else "Answer: 7")

    router = Router(
        [ScriptedPolicy(script, name=name, max_output=300) for name in ("embedded", "human")]
    )
    made = Agent(model=router, tools=[search], planner=cascade(), budget="usd=1", home=home)
    await made.run("Where is it?")
    assert written(requests) == (GOLDEN / "cascade.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("mode", "answer", "calls"),
    [("instant", "7", ["mode", "instant"]), ("reasoning", "7", ["mode", "reasoning"]),
     ("agentic", "8", ["mode", "think", "think"])],
)  # fmt: skip
async def test_without_a_log_the_policy_chooses(
    mode: str, answer: str, calls: list[str], home: Path
) -> None:
    made = agent(home, chooses(mode))
    result = await made.run("What?")
    assert (result.status, result.answer) == ("answered", answer)
    assert asked(made.home.events(result.run)) == calls
    assert plain(await made.replay(result.run)) == plain(result)
    assert (await made.what_if(result.run)).exact


async def test_a_choice_that_cannot_be_read_is_repaired_once_then_the_tools_are_used(
    home: Path,
) -> None:
    made = agent(home, lambda request: billed("Let me see."))
    result = await made.run("What?")
    assert (result.status, result.answer) == ("answered", "Let me see.")
    assert asked(made.home.events(result.run)) == ["mode", "mode", "think"]


async def test_an_empty_reply_is_followed_by_work_with_the_tools(home: Path) -> None:
    def script(request: Request) -> Step:
        return billed("") if request.messages[-1].content.startswith("# Answer") else talks(request)

    talks: Callable[[Request], Any] = chooses("instant")
    made = agent(home, script)
    policy = made.policy
    assert isinstance(policy, ScriptedPolicy)
    await made.run("What?")
    choices = [request.tool_choice for request in policy.requests]
    assert choices == ["none", "none", "none", "auto", "auto"]  # an empty reply is asked for twice


@pytest.mark.parametrize(("earlier", "tokens"), [("auto", 60), ("react", 50)])
async def test_the_effort_is_told_against_what_the_class_has_taken(
    earlier: str, tokens: int, home: Path
) -> None:
    before = agent(home, chooses("agentic", turns=4))
    if earlier == "react":
        before = Agent(model=before.policy, tools=[search], budget="usd=1", home=home)
    await before.run("What?", labels=CLASS)
    made = agent(home, chooses("agentic", 0.5, turns=4))
    result = await made.run("What?", labels=CLASS)
    told = [message.content for message in result.trajectory]
    assert f"aim at about {tokens} tokens of output in all and 2 tool calls, 50% of" in told[2]
    late = [number for number, text in enumerate(told) if "finish now" in text]
    assert late == [6], "said once, after the second call"
    assert plain(await made.replay(result.run)) == plain(result)


async def test_the_log_decides_once_it_says_enough(home: Path) -> None:
    for mode, success in (("instant", False), ("reasoning", True), ("agentic", True)):
        made = agent(home, chooses(mode))
        for _ in range(2):
            result = await made.run("What?", labels=CLASS)
            made.home.write_score(result.run, float(success), success=success)
    made = agent(home, chooses("instant"), runs=2)
    result = await made.run("What?", labels=CLASS)
    events = made.home.events(result.run)
    assert asked(events) == ["reasoning"]
    values = [e.body["value"] for e in events if e.kind == "value" and "mode" in str(e.body)]
    assert values[-1]["mode"] == "reasoning"
    assert values[-1]["by"] == "log"
    assert plain(await agent(home, chooses("instant")).replay(result.run)) == plain(result)
    other = agent(home, chooses("instant"), runs=2)
    assert asked(other.home.events((await other.run("What?")).run)) == ["mode", "instant"]


def tally(judged: int, solved: int, usd: str, solved_tokens: int) -> RunTally:
    """Runs of 1000 output tokens on average, the solved ones of so many."""
    return RunTally(
        runs=judged, judged=judged, solved=solved, priced=judged, usd=judged * Decimal(usd),
        output_tokens=judged * 1000, solved_output_tokens=solved * solved_tokens,
    )  # fmt: skip


def test_what_the_log_says() -> None:
    modes = {
        "instant": tally(10, 5, "0.001", 500), "reasoning": tally(10, 6, "0.01", 800),
        "agentic": tally(10, 9, "0.2", 300),
    }  # fmt: skip
    history = RoutingStats({("c", f"mode:{mode}"): found for mode, found in modes.items()})
    assert learned(history, "c", worth=Decimal(1), runs=5) == ModeChoice(mode="agentic", effort=0.3)
    assert learned(history, "c", worth=Decimal("0.5"), runs=5) == ModeChoice(
        mode="reasoning", effort=0.8
    )
    assert learned(history, "c", worth=Decimal("0.01"), runs=5) == ModeChoice(
        mode="instant", effort=0.5
    )
    assert learned(history, "c", worth=Decimal(1), runs=11) is None
    assert learned(history, "d", worth=Decimal(1), runs=5) is None


@pytest.mark.parametrize("options", [{"worth": Decimal(0)}, {"runs": 0}])
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="above 0"):
        auto(**options)


@pytest.mark.parametrize("mode", MODES)
async def test_a_run_cut_off_anywhere_resumes_to_the_same_end(mode: str, home: Path) -> None:
    talks: Callable[[Request], Any] = chooses(mode)
    whole = await agent(home, talks).run("What?", labels=RunLabels(task_class="whole"))
    for place in range(1, len(asked(Home.at(home).events(whole.run))) + 1):
        calls = itertools.count(1)

        def script(request: Request, place: int = place, calls: Any = calls) -> Step:
            if next(calls) == place:
                raise RuntimeError("the line is dead")
            step: Step = talks(request)
            return step

        made = agent(home, script)
        broken = await made.run("What?", labels=RunLabels(task_class=f"broken {place}"))
        assert broken.status == "failed"
        result = await made.resume(broken.run)
        assert (result.text, result.trajectory) == (whole.text, whole.trajectory)


TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "Answer: 7", '{"mode": "dance"}', '{"mode": "instant", "effort": 2}']),
    st.builds(lambda mode: json.dumps({"mode": mode}), st.sampled_from(MODES)),
)
CALLS = st.sampled_from([(), (ToolCall("c", "search", '{"query": "q"}'),), (ToolCall("c", "x"),)])


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    turns=st.lists(st.tuples(TEXTS, CALLS), max_size=8),
    budget=st.sampled_from(["output_tokens=200", "tokens=3k", "model_calls=3", "search=1,usd=1"]),
)
def test_whatever_is_said_a_run_ends_within_its_budget(
    turns: list[Any], budget: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = iter(turns)

    def script(request: Request) -> Step:
        text, calls = next(said, ("", ()))
        made = () if request.tool_choice == "none" else calls
        output = min(9, request.max_tokens or 9)
        return Reply(Message("assistant", text, made), Usage(input=50, output=output))

    home = tmp_path_factory.mktemp("auto") / "home"
    made = agent(home, script, budget)
    try:
        result = asyncio.run(made.run("What?"))
    except BudgetError:
        return
    finally:
        Home.at(home).close()
    assert result.status in ("answered", "budget_exhausted", "failed")
    for resource, limit in made.budget.limits.items():
        assert result.spend[resource] <= limit
    assert plain(asyncio.run(made.replay(result.run))) == plain(result)
