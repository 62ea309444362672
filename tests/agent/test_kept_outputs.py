"""Outputs that were cut go with the last run that tells of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from outlay.agent import Agent, Home
from outlay.journal.records import Message, ToolCall
from outlay.journal.store.pruning import prunable, prune
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Reply
from outlay.tools import tool


@tool(price=0)
def read(name: str) -> str:
    """Reads.

    Args:
        name: of what.
    """
    return f"{name} " * 20_000


def run(home: Path, *names: str) -> str:
    calls = tuple(
        ToolCall(f"c{n}", "read", f'{{"name": "{name}"}}') for n, name in enumerate(names)
    )
    script = [
        Reply(Message("assistant", "", calls), Usage(input=9, output=3)),
        Reply(Message("assistant", "Answer: 7"), Usage(input=9, output=3)),
    ]
    with Agent(
        model=ScriptedPolicy(script), tools=[read], budget="tool_calls=9", home=home
    ) as agent:
        return agent.run_sync("Read").run


@pytest.mark.parametrize("how", ["forget", "prune"])
def test_they_go_with_the_last_run(tmp_path: Path, how: str) -> None:
    first, second = run(tmp_path, "own", "shared"), run(tmp_path, "shared")
    home = Home.at(tmp_path)
    kept = sorted((tmp_path / "outputs").iterdir())
    assert len(kept) == 2
    for run_id, left in ((first, 1), (second, 0)):
        if how == "forget":
            home.forget(run_id)
        else:
            home.close()
            assert run_id in prunable(home.store, time.time() + 9).runs
            refs = home.store.own_refs([run_id])
            prune(home.store, [run_id], time.time() + 9)
            home.outputs.remove(refs)
        texts = [path.read_text()[:6] for path in (tmp_path / "outputs").iterdir()]
        assert texts == ["shared"] * left
