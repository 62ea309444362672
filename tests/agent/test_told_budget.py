"""What the policy is told of its budget adds up, and is what it can spend."""

from __future__ import annotations

import json
import logging
import re
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Agent, Result
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step
from outlay.tools import tool

PRICES = '[models."scripted"]\ninput = 1\noutput = 10\n'
LINE = re.compile(r"^usd: used ([\d.]+), free ([\d.]+)(?: \(([\d.]+) kept back for (.*)\))?$", re.M)


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query * 40}"


def turn(request: Request) -> int:
    return sum(message.role == "assistant" for message in request.messages)


class Searcher:
    """A policy that searches as long as it may; `breaks_at` is the call at which it breaks off."""

    def __init__(self, home: Path, planner: str, budget: str, breaks_at: int = 0) -> None:
        prices = home.parent / "prices.toml"
        prices.write_text(PRICES)
        self.requests: list[Request] = []

        def script(request: Request) -> Step:
            self.requests.append(request)
            if len(self.requests) == breaks_at:
                raise RuntimeError("the line is dead")
            text = request.messages[-1].content
            if text.startswith("# Plan"):
                said = Message("assistant", '{"steps": [{"id": "1", "text": "look"}]}')
            elif text.startswith("# Verify"):
                said = Message("assistant", '{"decision": "continue"}')
            elif request.tool_choice == "none":
                said = Message("assistant", "Answer: 7")
            else:
                query = json.dumps({"query": f"q{turn(request)}"})
                said = Message("assistant", "So.", (ToolCall("c", "search", query),))
            return Reply(said, Usage(input=100 + 400 * turn(request), output=20))

        policy = ScriptedPolicy(script, max_output=4000)
        self.agent = Agent(
            model=policy, tools=[search], planner=planner, budget=budget, home=home, prices=prices
        )

    async def run(self) -> Result:
        return await self.agent.run("Where?", run="r")

    def blocks(self) -> list[re.Match[str]]:
        last = [m.content for request in self.requests for m in request.messages[-1:]]
        return [found for text in last if (found := LINE.search(text))]


@pytest.mark.parametrize("planner", ["tracker", "bats", "best_of:n=2:tracked=true"])
@pytest.mark.parametrize("usd", ["0.05", "0.08", "0.2"])
async def test_what_is_used_free_and_kept_back_is_the_budget(
    planner: str, usd: str, home: Path
) -> None:
    play = Searcher(home, planner, f"usd={usd}")
    result = await play.run()
    assert result.spend.usd <= Decimal(usd)
    assert play.blocks()
    for used, free, kept, ends in (block.groups() for block in play.blocks()):
        rest = abs(Decimal(usd) - Decimal(used) - Decimal(free) - Decimal(kept))
        assert rest <= Decimal("0.000002")  # each is shown to a millionth
        assert ends.endswith("the final answer" if "best_of" not in planner else "the choice")


@pytest.mark.parametrize("planner", ["tracker", "bats:attempts=2"])
async def test_a_what_if_of_the_same_budget_and_a_fork_are_told_the_same(
    planner: str, home: Path
) -> None:
    play = Searcher(home, planner, "usd=0.2")
    whole = await play.run()
    supposed = await Searcher(home, planner, "usd=0.2").agent.what_if("r")
    assert supposed.exact, supposed.why
    middle = max(play.agent.home.record("r").steps) // 2
    fork = await Searcher(home, planner, "usd=0.2").agent.fork("r", middle)
    assert fork.trajectory == whole.trajectory


async def test_the_wrap_up_says_what_has_run_out(home: Path) -> None:
    play = Searcher(home, "tracker", "usd=0.05")
    assert (await play.run()).status == "budget_exhausted"
    told = play.requests[-1].messages[-1].content
    assert told.startswith(
        "No more tools can be called: what is left of the usd pays for this reply and no more."
    )
    least = min(Decimal(block[2]) for block in play.blocks())
    assert least < Decimal("0.01")  # it had been told that little was free


async def test_a_plan_whose_call_was_killed_leaves_enough_to_act(home: Path) -> None:
    """A call of which nothing is known is booked whole: so little is held for a plan."""
    play = Searcher(home, "bats", "usd=0.08", breaks_at=1)
    assert (await play.run()).status == "failed"
    result = await play.agent.resume("r")
    assert result.status == "budget_exhausted"
    assert sum(request.tool_choice == "auto" for request in play.requests) > 3


@pytest.mark.parametrize(
    ("planner", "budget", "warns"),
    [
        ("bats", "usd=0.04", "kept back for the check and the final answer"),
        ("tracker", "tokens=7k", "kept back for the final answer"),
        ("bats", "usd=0.2", ""),
        ("react", "search=3", ""),
    ],
)
async def test_a_start_warns_where_much_is_kept_back(
    planner: str, budget: str, warns: str, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    play = Searcher(home, planner, budget)
    with caplog.at_level(logging.WARNING, "outlay"):
        await play.agent.run("Where?")
        await play.agent.run("Where?")
    told = [record.getMessage() for record in caplog.records if "kept back" in record.getMessage()]
    assert len(told) == bool(warns)
    for text in told:
        assert warns in text
        name, least = re.findall(r"give (\w+)=([\d.]+) or more", text)[0]
        caplog.clear()
        await Searcher(home, planner, f"{name}={least}").agent.run("Where?")
        assert not caplog.records
