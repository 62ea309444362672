"""A folder whose journals are written by hand, and the app over it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from outlay.benchmarks.reports.dashboard import create_app, store_reader
from outlay.cli.render.view_pages import trajectory
from outlay.journal.events import Event
from outlay.journal.journal import Journal

HOSTILE = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"


class LiveJournal:
    """Writes runs into a journal of its own, which is live until it is closed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.journal = Journal(home)

    def run(self, run: str, *, status: str | None = "answered", **body: Any) -> None:
        """Writes a run of one policy call, which costs $0.002, and one tool call of $0.001."""
        start = {
            "task": "Who?", "task_id": None, "experiment": None, "parent": None,
            "planner": "react", "memory": "full", "model": "openai/made", "agent": {},
            "budget": {"usd": "0.01", "tool_calls.search": 4}, "seed": 0, "repeat": 0,
        }  # fmt: skip
        said = body.pop("said", "It is Ada.")
        seen = body.pop("seen", "The mayor is Ada Quill.")
        body = {**start, **body}
        self.write(run, 0, "run_started", **body)
        self.hold(run, 1, "think", call="model", name=body["model"], usd="0.004")
        call = {"id": "c", "function": {"name": "search", "arguments": f'{{"query": "{run}"}}'}}
        reply = {
            "message": {"role": "assistant", "content": said, "tool_calls": [call]},
            "finish_reason": "tool_calls", "model": "made", "response_id": "",
        }  # fmt: skip
        counts = {"input": 80, "cache_read": 20, "cache_write": 0, "output": 10, "reasoning": 0}
        self.settle(run, 2, "think", usd="0.002", reply=reply, **counts)
        self.hold(run, 3, "act", call="tool", name="search", usd="0.001", arguments='{"query":"q"}')
        told = {"call_id": "c", "tool": "search", "text": seen}
        self.settle(run, 4, "act", usd="0.001", observation=told)
        if status is not None:
            self.write(run, 5, "run_ended", status=status, answer=f"Answer: {said}", why="")

    def hold(self, run: str, seq: int, node: str, **body: Any) -> None:
        usual = {"node": node, "attempt": 1, "input_tokens": 200, "output_tokens": 50, "calls": 1}
        key = f"0/{node}/{seq}/0/0"
        self.write(run, seq, "hold", key, hold=f"{run}:{node}", **{**usual, **body})

    def settle(self, run: str, seq: int, node: str, **body: Any) -> None:
        usual = {"seconds": 0.5, "ok": True, "final": True, "usd_by_class": {"call": body["usd"]}}
        key = f"0/{node}/{seq - 1}/0/0"
        self.write(run, seq, "settle", key, hold=f"{run}:{node}", **{**usual, **body})

    def write(self, run: str, seq: int, kind: Any, key: str = "", **body: Any) -> None:
        self.journal.append(Event(run, seq, kind, key, at=seq / 10, body=body))


def wait_for_loads() -> None:
    """Returns once nothing is being loaded in the background."""
    for thread in threading.enumerate():
        if thread.name == "outlay-load":
            thread.join()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[LiveJournal]:
    made = LiveJournal(tmp_path / "home")
    yield made
    wait_for_loads()
    made.journal.close()


@pytest.fixture(autouse=True)
def _loads_at_every_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_reader, "BETWEEN", 0.0)
    monkeypatch.setattr(store_reader, "PATIENCE", 30.0)


@pytest.fixture
def get(book: LiveJournal) -> Iterator[Callable[..., Any]]:
    """Asks the app for a page."""
    with TestClient(create_app(book.home, trajectory), base_url="http://127.0.0.1") as client:
        yield client.get
