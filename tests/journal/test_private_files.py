"""A home is its owner's alone, whatever was done with it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from outlay.agent import Agent, Home
from outlay.journal.events import Event
from outlay.journal.records import Message, ToolCall
from outlay.journal.store.parquet import export_events, import_events
from outlay.policies import ScriptedPolicy
from outlay.tools import tool

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


def open_to_others(home: Path) -> list[str]:
    return [
        f"{path} {stat.S_IMODE(path.stat().st_mode):o}"
        for path in (home, *home.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


@tool(price=0)
def long() -> str:
    """Says much."""
    return "x" * 100_000


def test_nothing_is_open_to_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        home = Home.at(tmp_path / "a" / "home")
        runs = [_run(home) for _ in range(2)]
        assert not open_to_others(home.path)
        home.close()
        home.store.query("select 1")
        export_events(home.store, tmp_path / "out")
        home.path.chmod(0o755)
        (home.path / "outlay.duckdb").chmod(0o644)
        home.forget(runs[0])
        assert not open_to_others(home.path)
        other = Home.at(tmp_path / "b")
        import_events(other.store, tmp_path / "out")
        other.store.query("select 1")
        assert not open_to_others(other.path)
        assert [event for event in other.events(runs[1]) if isinstance(event, Event)]
        other.forget(runs[1])
        assert not open_to_others(other.path)
    finally:
        os.umask(before)


def _run(home: Home) -> str:
    asks = Message("assistant", "", (ToolCall("1", "long", "{}"),))
    policy = ScriptedPolicy([asks, Message("assistant", "Answer: 1")])
    agent = Agent(model=policy, tools=[long], budget="tokens=100k", home=home.path)
    result = agent.run_sync("?")
    assert result.status == "answered", result.why
    return result.run
