"""A bill above its hold closes the account for good: after a crash and a resume, too."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent
from outlay.testing import LoopbackServer, ScriptedAnswer

WISH = {"name": "lookup", "arguments": {"query": "a"}}
KILLED = """
import os, signal, sys
from pathlib import Path
from outlay.agent import Agent
from outlay.policies import Endpoint
from outlay.tools import tool


@tool(price=0, read_only=True, inline=True)
def lookup(query: str) -> str:
    "Looks a thing up.\\n\\nArgs:\\n    query: what to look for.\\n"
    return f"found {query}"


def hear(event):
    if event.kind == sys.argv[4]:
        os.kill(os.getpid(), signal.SIGKILL)


policy = Endpoint("m", base_url=sys.argv[1], name="priced", timeout=30)
agent = Agent(
    model=policy, tools=[lookup], budget="usd=1", home=Path(sys.argv[2]), prices=sys.argv[3],
    listeners=[hear],
)
agent.run_sync("What is it?")
"""


@pytest.mark.parametrize("killed_at", ["settle", "overrun"])
async def test_an_overrun_closes_the_account_after_a_crash(
    server: LoopbackServer, home: Path, prices: Path, book: Any,
    agent_for: Callable[..., Agent], killed_at: str,
) -> None:  # fmt: skip
    server.steps(ScriptedAnswer("Hm.", tool_calls=(WISH,), prompt_tokens=500_000))
    command = [sys.executable, "-c", KILLED, server.url, str(home), str(prices), killed_at]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    (run,) = book.runs
    assert len(book.events("overrun")) == (killed_at == "overrun")
    agent = agent_for(budget="usd=1")
    result = await agent.resume(run)
    assert (result.status, server.served.requests) == ("budget_exhausted", 1)
    assert "closed" in str([event.body["why"] for event in book.events("refused")])
    server.steps(ScriptedAnswer("Answer: 7"))
    more = await agent.resume(run, add="usd=1")
    assert (more.text, server.served.requests) == ("Answer: 7", 2)


@pytest.mark.parametrize("tokens", [(-5, 1), (3, -1)])
async def test_a_bill_of_less_than_nothing_is_no_bill(
    server: LoopbackServer, book: Any, agent_for: Callable[..., Agent], tokens: tuple[int, int]
) -> None:
    server.steps(ScriptedAnswer("Answer: 7", prompt_tokens=tokens[0], completion_tokens=tokens[1]))
    result = await agent_for(budget="tokens=100k").run("What is it?")
    assert (result.status, result.text) == ("answered", "Answer: 7")
    (hold,) = book.events("hold")
    assert result.spend["output_tokens"] == hold.body["output_tokens"]
    assert result.spend["input_tokens"] == hold.body["input_tokens"]
