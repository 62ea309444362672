"""A run has one owner, and whoever takes it over knows all that its owner wrote."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Home, RunRecord
from outlay.agent.history.reconcile import BillLine, reconcile
from outlay.journal.events import Event
from outlay.ledger.errors import UsageError
from outlay.testing import LoopbackServer, ScriptedAnswer

from .conftest import JournalFiles
from .owner import agent

OWNER = Path(__file__).with_name("owner.py")
TURNS = 6


class Owner:
    """A second process that drives a run up to a gate."""

    def __init__(self, home: Path, url: str, *gates: int) -> None:
        self._home = home
        home.mkdir(parents=True)
        for turn in gates:
            (home / f"note {turn}.gate").touch()
        self.process = subprocess.Popen([sys.executable, str(OWNER), str(home), url])

    def wait_at(self, turn: int) -> None:
        while not (self._home / f"note {turn}.at").exists():
            assert self.process.poll() is None
            time.sleep(0.005)

    def open(self, turn: int) -> None:
        (self._home / f"note {turn}.gate").unlink()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait() == -signal.SIGKILL

    def end(self) -> None:
        assert self.process.wait() == 0


@pytest.fixture
def asked(server: LoopbackServer) -> Counter[int]:
    """How often the server was asked for each turn."""
    counts: Counter[int] = Counter()

    def script(body: dict[str, Any]) -> ScriptedAnswer:
        turn = sum(message["role"] == "assistant" for message in body["messages"])
        counts[turn] += 1
        if turn == TURNS:
            return ScriptedAnswer("Answer: 42")
        return ScriptedAnswer(
            "", tool_calls=({"name": "note", "arguments": {"text": f"note {turn}"}},)
        )

    server.script = script
    return counts


@pytest.fixture
def owners(home: Path, server: LoopbackServer) -> Iterator[Callable[..., Owner]]:
    made: list[Owner] = []

    def start(*gates: int) -> Owner:
        made.append(Owner(home, server.url, *gates))
        return made[-1]

    yield start
    for owner in made:
        owner.process.kill()
        owner.process.wait()


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Has something happen right after the record of a run was read for the first time."""
    read, left = Home.events, [happens]

    def events(self: Home, run: str) -> list[Event]:
        found = read(self, run)
        if left:
            left.pop()()
        return found

    monkeypatch.setattr(Home, "events", events)


@pytest.mark.parametrize("killed_at", [None, 2, 5])
async def test_a_resume_knows_what_the_owner_wrote_last(
    killed_at: int | None, home: Path, server: LoopbackServer, asked: Counter[int],
    owners: Callable[..., Owner], book: JournalFiles, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Between the look at the record and the look at its owner, that one writes on and dies."""
    owner = owners(1) if killed_at is None else owners(1, killed_at)
    owner.wait_at(1)
    (run,) = book.runs

    def owner_goes_on() -> None:
        owner.open(1)
        if killed_at is None:
            owner.end()
        else:
            owner.wait_at(killed_at)
            owner.kill()
            owner.open(killed_at)

    meanwhile(monkeypatch, owner_goes_on)
    mine = agent(home, server.url)
    result = await mine.resume(run)
    await mine.close()
    assert (result.status, result.text) == ("answered", "Answer: 42")
    assert asked == dict.fromkeys(range(TURNS + 1), 1)
    notes = (home / "notes.txt").read_text().splitlines()
    assert notes == [f"note {turn}" for turn in range(TURNS)]
    stored = (
        Home.at(home)
        .store.query(
            "select sum(input_tokens + output_tokens), count(*) from calls where call = 'model'"
        )
        .rows
    )
    served = server.served.prompt_tokens + server.served.completion_tokens
    assert stored == [(served, TURNS + 1)]
    assert [event.seq for event in book.events()] == list(range(len(book.events())))


async def test_a_bill_is_booked_on_what_the_owner_wrote_last(
    home: Path, asked: Counter[int], owners: Callable[..., Owner], book: JournalFiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    owner = owners(1)
    owner.wait_at(1)
    (run,) = book.runs
    hold = book.model_holds[0].body["hold"]

    def owner_ends() -> None:
        owner.open(1)
        owner.end()

    meanwhile(monkeypatch, owner_ends)
    with pytest.raises(UsageError, match="settled already"):
        reconcile(Home.at(home), [BillLine(2, hold, RunRecord.of(()).spent.usd, {})])
    assert len(book.events("run_ended", run=run)) == 1


async def test_a_live_owner_keeps_its_run(
    home: Path, server: LoopbackServer, asked: Counter[int], owners: Callable[..., Owner],
    book: JournalFiles,
) -> None:  # fmt: skip
    owner = owners(1)
    owner.wait_at(1)
    (run,) = book.runs
    before = len(book.events())
    mine = agent(home, server.url)
    with pytest.raises(UsageError, match="is being driven by a live process"):
        await mine.resume(run)
    await mine.close()
    assert len(book.events()) == before


async def test_hold_ids_differ_between_processes(
    home: Path, server: LoopbackServer, asked: Counter[int], owners: Callable[..., Owner],
    book: JournalFiles, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Two processes that both believe they own a run give no hold the same id."""
    owner = owners(1)
    owner.wait_at(1)
    (run,) = book.runs
    monkeypatch.setattr(Home, "_check_unowned", lambda *_: None)
    mine = agent(home, server.url)
    await mine.resume(run)
    await mine.close()
    owner.open(1)
    await asyncio.to_thread(owner.end)
    holds = [event.body["hold"] for event in book.events("hold")]
    assert len(set(holds)) == len(holds) > 2 * TURNS
    ((served,),) = (
        Home.at(home)
        .store.query("select sum(input_tokens + output_tokens) from calls where call = 'model'")
        .rows
    )
    assert served == server.served.prompt_tokens + server.served.completion_tokens
