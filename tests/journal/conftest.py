"""Journals written by hand, and the store that is loaded from them."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from outlay.journal.events import Event
from outlay.journal.store.store import Store


class HandWrittenJournal:
    """Writes a journal by hand."""

    def __init__(self, home: Path, name: str = "j1", *, format: int = 1) -> None:
        self.path = home / "journals" / f"{name}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._lines = 0
        self._seqs: dict[str, int] = {}
        self.write("", "journal", format=format, journal=name)

    def write(self, run: str, kind: str, key: str = "", *, at: float = 0.0, **body) -> Event:
        seq = self._seqs.get(run, 0)
        self._seqs[run] = seq + 1
        id = f"{self._name}:{self._lines}"
        event = Event(run, seq, kind, key, at, body, id, 1e9 + self._lines)
        self.raw(orjson.dumps(event.to_dict()) + b"\n")
        return event

    def raw(self, data: bytes) -> None:
        self._lines += data.count(b"\n")
        with self.path.open("ab") as file:
            file.write(data)

    def start(self, run: str, **fields) -> None:
        start = {"task": "Who?", "task_id": "t1", "experiment": "x", "parent": None}
        start |= {"planner": "react", "memory": "full", "model": "m", "seed": 7, "repeat": 0}
        self.write(run, "run_started", **(start | fields))

    def hold(self, run: str, hold: str, usd: str | None, call: str = "model", **fields) -> None:
        asked = {"name": "m" if call == "model" else "search", "node": "think", "attempt": 1}
        bounds = {"input_tokens": 100, "output_tokens": 50} if call == "model" else {}
        body = {"hold": hold, "call": call, "usd": usd, "price": "test", **asked, **bounds}
        self.write(run, "hold", f"0/{hold}", **(body | fields))

    def settle(self, run: str, hold: str, usd: str | None, **fields) -> None:
        self.write(run, "settle", f"0/{hold}", hold=hold, usd=usd, ok=True, **fields)


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def book(home) -> HandWrittenJournal:
    return HandWrittenJournal(home)


@pytest.fixture
def store(home) -> Store:
    return Store(home)


def small_run(book: HandWrittenJournal, run: str = "r1") -> None:
    """Writes a run with one call of each kind and outcome."""
    book.start(run)
    book.hold(
        run, "a", "0.010", request={"hash": "ab12", "base": None, "keep": 0, "new": []},
        max_tokens=50, prompt="react@1",
    )  # fmt: skip
    book.settle(
        run, "a", "0.004",
        usd_by_class={"input": "0.001", "cache_read": "0.0005", "output": "0.0025"},
        input=10, cache_read=5, cache_write=0, output=20, reasoning=4, seconds=1.5,
        reply={"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"},
    )  # fmt: skip
    book.hold(run, "b", "0.001", "tool", arguments='{"q": 1}', call_id="c1")
    book.settle(
        run, "b", "0.001", usd_by_class={"call": "0.001"}, seconds=0.1,
        observation={"call_id": "c1", "tool": "search", "text": "found"},
    )  # fmt: skip
    book.hold(run, "c", "0.020")
    book.write(run, "unknown", hold="c", why="timeout")
    book.hold(run, "d", "0.030")
    book.write(run, "release", hold="d", why="429")
    book.hold(run, "e", "0.000000000001")
    book.write(run, "scored", score=0.5, success=False)
    book.write(run, "run_ended", at=3.5, status="answered", answer="Navazi", why="")


def one(store: Store, sql: str, *parameters):
    answer = store.query(sql, parameters)
    assert len(answer.rows) == 1
    return dict(zip(answer.columns, answer.rows[0], strict=True))
