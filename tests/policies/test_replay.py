"""The recorded decisions of a run, made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outlay.agent import Agent
from outlay.journal.records import Message, Request, ToolCall
from outlay.ledger.errors import CallRefused, UsageError
from outlay.policies import ReplayPolicy, ScriptedPolicy, policy
from outlay.tools import tool


@tool(price="0.001", read_only=True)
def look(name: str) -> str:
    """Looks something up."""
    return f"{name} was here"


STEPS = [ToolCall("c", "look", json.dumps({"name": "Ada"})), "Answer: Ada"]


async def recorded(home: Path) -> tuple[Path, str]:
    agent = Agent(model=ScriptedPolicy(STEPS), tools=[look], budget="usd=1", home=home)
    result = await agent.run("Who was here?")
    agent.home.close()
    (journal,) = (home / "journals").iterdir()
    return journal, result.run


async def test_a_run_is_repeated_against_other_tools(tmp_path: Path) -> None:
    journal, run = await recorded(tmp_path / "first")

    @tool(price="0.005", read_only=True, name="look")
    def dearer(name: str) -> str:
        """Looks something up."""
        return f"{name} was there"

    model = policy(f"replay:{journal}#{run}")
    agent = Agent(model=model, tools=[dearer], budget="usd=1", home=tmp_path / "second")
    result = await agent.run("Who was here?")
    assert (result.answer, str(result.cost)) == ("Ada", "0.005")
    assert result.trajectory[3].content == "Ada was there"


async def test_the_only_run_of_a_journal_needs_no_name(tmp_path: Path) -> None:
    journal, _ = await recorded(tmp_path)
    reply = await ReplayPolicy.read(journal).reply(Request((Message("user", "again"),)))
    assert reply.message.tool_calls == (STEPS[0],)


async def test_after_the_last_turn_there_is_nothing_to_say() -> None:
    with pytest.raises(CallRefused, match="no reply after its 0 turns"):
        await ReplayPolicy([]).reply(Request((Message("user", "anything"),)))


@pytest.mark.parametrize(
    ("text", "said"), [("{", "cannot be replayed"), ("", "name one run of"), (None, "No such file")]
)
def test_a_wrong_journal_is_one_sentence(tmp_path: Path, text: str | None, said: str) -> None:
    journal = tmp_path / "journal.jsonl"
    if text is not None:
        journal.write_text(text)
    with pytest.raises(UsageError, match=said):
        policy(f"replay:{journal}")
