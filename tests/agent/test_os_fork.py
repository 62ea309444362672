"""A forked child has its own journal, threads and servers, whatever its parent was doing."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import shlex
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, Home
from outlay.journal.events import Event
from outlay.journal.journal import is_live
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.account import Account
from outlay.ledger.amount import Amount
from outlay.ledger.budget import Budget
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy
from outlay.policies.in_process import in_process_policy

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks"),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]
SERVER = Path(__file__).parents[1] / "tools" / "mcp" / "a_server.py"
COMMAND = shlex.join([sys.executable, str(SERVER)])


def in_child(work: Callable[[], Any]) -> Any:
    """Returns what a function returns in a forked child; fails where it never ends there."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)

    def run() -> None:
        try:
            there.send(work())
        except BaseException as error:
            there.send(f"{type(error).__name__}: {error}")

    child = context.Process(target=run)
    child.start()
    try:
        assert here.poll(60), "the child hangs"
        return here.recv()
    finally:
        child.kill()
        child.join()


def answer(agent: Agent) -> Callable[[], str | None]:
    return lambda: agent.run_sync("go").answer


def journals(home: Path) -> dict[str, list[str]]:
    """The runs that have ended in each journal."""
    found = {}
    for path in sorted((home / "journals").glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        found[path.stem] = [line["run"] for line in lines if line["kind"] == "run_ended"]
    return found


def test_an_agent_that_has_run_goes_on_in_a_child(home: Path) -> None:
    agent = Agent(model=ScriptedPolicy(lambda _: "Answer: 7"), budget="model_calls=9", home=home)
    assert answer(agent)() == "7"
    parent = agent.home.journal.id
    assert in_child(answer(agent)) == "7"
    assert in_child(lambda: Home.at(home) is agent.home)
    assert answer(agent)() == "7"
    ended = journals(home)
    assert len(ended.pop(parent)) == 2
    assert [len(runs) for runs in ended.values()] == [1]


def test_a_child_does_not_keep_its_parents_journal_alive(home: Path) -> None:
    agent = Agent(model=ScriptedPolicy(lambda _: "Answer: 7"), budget="model_calls=9", home=home)
    answer(agent)()
    path = agent.home.journal.path

    def closes_in_the_parent() -> bool:
        ready.set()
        assert closed.wait(30)
        return is_live(path)

    context = multiprocessing.get_context("fork")
    ready, closed = context.Event(), context.Event()

    def close() -> None:
        assert ready.wait(30)
        agent.home.close()
        closed.set()

    closing = threading.Thread(target=close)
    closing.start()
    assert in_child(closes_in_the_parent) is False
    closing.join()


def test_while_another_thread_runs(home: Path) -> None:
    release = threading.Event()
    waits = threading.Event()

    def script(request: Request) -> str:
        if "wait" in request.messages[-1].content:
            waits.set()
            assert release.wait(60)
        return "Answer: 7"

    agent = Agent(model=in_process_policy(lambda r: (Message("assistant", script(r)), "stop"),
                  name="embedded"), budget="model_calls=9", home=home)  # fmt: skip
    heard: list[Event] = []
    running = threading.Thread(target=lambda: agent.run_sync("wait", listen=heard.append))
    running.start()
    assert waits.wait(30)
    assert in_child(answer(agent)) == "7"
    release.set()
    running.join()
    assert [event.kind for event in heard][-1] == "run_ended"
    assert sum(len(runs) for runs in journals(home).values()) == 2


def test_a_locked_account_is_free_in_a_child() -> None:
    account = Account(Budget.parse("usd=1"))
    stop = threading.Event()
    cent = Amount({"usd": 1})

    def spin() -> None:
        while not stop.is_set():
            hold = account.try_hold(cent)
            account.release(hold)  # type: ignore[arg-type]

    spinning = [threading.Thread(target=spin) for _ in range(1)]
    for thread in spinning:
        thread.start()
    try:
        for _ in range(20):
            held = in_child(lambda: (account.held.usd, account.fits(Amount())))
            assert held in ((0, True), (1, True))
    finally:
        stop.set()
        for thread in spinning:
            thread.join()


def served(request: Request) -> Reply:
    last = request.messages[-1]
    if last.role == "tool":
        return Reply(Message("assistant", f"Answer: {last.content}"), Usage(input=9, output=3))
    call = ToolCall("c0", "pid", "{}")
    return Reply(Message("assistant", "", (call,)), Usage(input=9, output=3))


def test_a_child_has_mcp_servers_of_its_own(home: Path) -> None:
    with Agent(
        model=ScriptedPolicy(served), mcp=[COMMAND], budget="tool_calls=9", home=home
    ) as agent:
        mine = answer(agent)()

        def close() -> tuple[str | None, str]:
            own = answer(agent)()
            asyncio.run(agent.close())
            return own, "closed"

        own, closed = in_child(close)
        assert closed == "closed"
        assert str(own).isdigit()
        assert own != mine
        assert in_child(lambda: asyncio.run(agent.close())) is None
        assert answer(agent)() == mine


def test_os_fork_itself(home: Path) -> None:
    agent = Agent(model=ScriptedPolicy(lambda _: "Answer: 7"), budget="model_calls=9", home=home)
    answer(agent)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        os._exit(0 if answer(agent)() == "7" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
