"""`run_ended` is the last event of a run, whatever ran ahead and however it ends."""

from __future__ import annotations

import asyncio
import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from outlay.agent import Agent, Home
from outlay.journal.events import Event
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import CallRefused, OutcomeUnknown
from outlay.ledger.usage import Usage
from outlay.planners import planner
from outlay.policies import ScriptedPolicy
from outlay.tools import tool

Outcome = Literal["calls", "answers", "breaks", "refused", "crashes", "hangs"]
TOOLS = st.sampled_from(["quick", "slow", "stubborn"])
TURN = st.tuples(
    st.lists(TOOLS, max_size=3),
    st.sampled_from(["calls", "answers", "breaks", "refused", "crashes", "hangs"]),
)
USAGE = Usage(input=10, output=5)


def tools() -> list[Any]:
    @tool(price=0, read_only=True)
    async def quick() -> str:
        """Answers at once."""
        return "here"

    @tool(price=0, read_only=True)
    async def slow() -> str:
        """Answers when all else is over."""
        await asyncio.sleep(0.05)
        return "late"

    @tool(price=0, read_only=True)
    async def stubborn() -> str:
        """Takes its time to be cancelled."""
        try:
            await asyncio.sleep(0.05)
        finally:
            await asyncio.sleep(0.01)
        return "late"

    return [quick, slow, stubborn]


def policy(turns: list[tuple[list[str], Outcome]]) -> ScriptedPolicy:
    left = list(turns)

    async def script(request: Request) -> Reply:
        if not left or request.tool_choice == "none":
            return Reply(Message("assistant", "Answer: done"), USAGE)
        names, outcome = left.pop(0)
        calls = tuple(ToolCall(f"c{n}", name, "{}") for n, name in enumerate(names))
        for place, call in enumerate(calls):
            if request.on_call is not None:
                request.on_call(place, call)
            await asyncio.sleep(0)
        if outcome == "hangs":
            await asyncio.sleep(60)
        error = {
            "breaks": OutcomeUnknown("cut", retryable=True, retry_after=0.0),
            "refused": CallRefused("no"),
            "crashes": ValueError("broken"),
        }.get(outcome)
        if error is not None:
            raise error
        if outcome == "calls" and calls:
            return Reply(Message("assistant", "", calls), USAGE)
        return Reply(Message("assistant", "Answer: done"), USAGE)

    return ScriptedPolicy(script)


@example([(["stubborn", "stubborn", "slow"], "calls")], 0.03, True, "react")
@examples(max_examples=60)
@given(
    turns=st.lists(TURN, min_size=1, max_size=4),
    cancelled=st.sampled_from([None, 0.0, 0.01, 0.03]),
    drains=st.booleans(),
    way=st.sampled_from(["react", "sequential:patience=1", "best_of:n=2"]),
)
def test_nothing_follows_the_end_of_a_run(
    turns: list[tuple[list[str], Outcome]], cancelled: float | None, drains: bool, way: str
) -> None:
    heard: list[Event] = []

    async def drive(agent: Agent) -> None:
        running = asyncio.create_task(agent.run("go", drain=drains, listen=heard.append))
        if cancelled is not None:
            await asyncio.sleep(cancelled)
            running.cancel()
            if drains:  # the policy may hang
                await asyncio.sleep(0.02)
                running.cancel()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()
        await asyncio.sleep(0.08)  # whatever is still under way would be over by now

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        agent = Agent(
            model=policy(turns), tools=tools(), planner=planner(way), home=home,
            budget="model_calls=12,seconds=0.4",
        )  # fmt: skip
        try:
            asyncio.run(drive(agent))
        finally:
            Home.at(home).close()
        lines = [
            json.loads(line)
            for path in (home / "journals").glob("*.jsonl")
            for line in path.read_bytes().splitlines()
        ]
    head, *events = lines
    assert head["version"] == version("outlay")
    kinds = [event["kind"] for event in events]
    if "run_started" in kinds:
        assert kinds[-1] == "run_ended"
        assert kinds.count("run_ended") == 1
        assert [event["seq"] for event in events] == list(range(len(events)))
        ended = {e["hold"] for e in events if e["kind"] in ("settle", "release", "unknown")}
        assert ended == {e["hold"] for e in events if e["kind"] == "hold"}
        assert heard[-1].kind == "run_ended"
