"""A disk that is full or cannot be written stops a run in one sentence; readers are welcome."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent
from outlay.journal.store.store import Store
from outlay.ledger.errors import JournalError
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import Tool

FULL = """
    import asyncio, resource, signal, sys
    from pathlib import Path
    from outlay.agent import Agent, Home
    from outlay.ledger.errors import JournalError
    from outlay.policies import Endpoint
    from outlay.tools import tool

    @tool(price=0, read_only=True)
    def lookup(query: str) -> str:
        "Looks a thing up."
        return query * 20

    url, home = sys.argv[1], Path(sys.argv[2])
    model = Endpoint("turns-50-calls-1", base_url=url, name="scripted/x")
    model.is_hosted = False
    agent = Agent(model=model, tools=[lookup], budget="usd=1", home=home)
    Home.at(home).journal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
    try:
        print(agent.run_sync("What is it?").status)
    except JournalError as error:
        print(error)
"""


WISH = {"name": "lookup", "arguments": {"query": "a"}}


@pytest.mark.parametrize("size", [100, 3_000, 20_011])
def test_disk_full(size: int, server: LoopbackServer, home: Path, book: Any) -> None:
    command = [sys.executable, "-c", textwrap.dedent(FULL), server.url, str(home), str(size)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert said.startswith("the journal ")
    assert "File too large" in said
    assert "\n" not in said
    held = [h for h in book.events("hold") if h.body["call"] == "model"]
    assert server.served.requests <= len(held)
    assert all(path.read_bytes().endswith(b"\n") for path in home.glob("journals/*.jsonl"))


def test_disk_full_is_resumed_when_there_is_room(
    server: LoopbackServer, home: Path, book: Any, lookup: Tool
) -> None:
    command = [sys.executable, "-c", textwrap.dedent(FULL), server.url, str(home), "20000"]
    subprocess.run(command, capture_output=True, check=True)
    served = server.served.requests
    unlimited = textwrap.dedent(FULL).replace('agent.run_sync("What is it?")', "resumed()")
    resumed = f"resumed = lambda: asyncio.run(agent.resume({book.runs[0]!r}))\ntry:"
    command = [sys.executable, "-c", unlimited.replace("try:", resumed), server.url, str(home)]
    said = subprocess.run([*command, "-1"], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "answered"
    settled = {event.body["hold"] for event in book.events("settle")}
    lost = [hold for hold in book.model_holds if hold.body["hold"] not in settled]
    assert len(lost) <= 1
    assert served < server.served.requests <= 51 + len(lost)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
async def test_read_only_home(
    agent_for: Callable[..., Agent], server: LoopbackServer, home: Path
) -> None:
    home.mkdir(mode=0o500)
    with pytest.raises(JournalError, match="choose another folder with --home"):
        await agent_for(budget="usd=1").run("What is it?")
    assert server.served.requests == 0


async def test_a_home_that_is_a_file(
    agent_for: Callable[..., Agent], server: LoopbackServer, home: Path
) -> None:
    home.write_text("in the way")
    with pytest.raises(JournalError, match="choose another folder with --home"):
        await agent_for(budget="usd=1").run("What is it?")
    assert server.served.requests == 0


async def test_a_torn_line_is_dropped(
    agent_for: Callable[..., Agent], server: LoopbackServer, home: Path, book: Any
) -> None:
    agent = agent_for(budget="usd=1")
    server.steps(ScriptedAnswer(tool_calls=(WISH,)), ScriptedAnswer(status=401))
    run = (await agent.run("What is it?")).run
    agent.home.close()
    (path,) = home.glob("journals/*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"id":"torn","run":"' + run.encode())
    server.steps(ScriptedAnswer("Answer: 7"))
    assert (await agent.resume(run)).answer == "7"


async def test_a_reader_beside_a_running_agent(
    agent_for: Callable[..., Agent], server: LoopbackServer, home: Path, book: Any
) -> None:
    reader = (
        "import sys; from pathlib import Path; from outlay.journal.store.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "for _ in range(4): print(store.query('SELECT count(*) FROM events'))"
    )
    agent = agent_for("turns-20-calls-2-wait-20ms", budget="usd=1")
    running = asyncio.create_task(agent.run("What is it?"))
    while not server.served.requests:
        await asyncio.sleep(0.005)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", reader, str(home), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    result = await running
    assert (process.returncode, result.status) == (0, "answered")
    assert len(out.splitlines()) >= 4
    assert len(Store(home).events(result.run)) == len(book.events())
