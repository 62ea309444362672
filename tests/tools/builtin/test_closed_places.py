"""The home and the prices file: no tool for files, tables or commands reads or writes them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from outlay.agent import Agent
from outlay.journal.records import Message, ToolCall
from outlay.ledger.errors import UsageError
from outlay.policies import ScriptedPolicy
from outlay.tools import Tool, ToolContext
from outlay.tools.builtin.files import files
from outlay.tools.builtin.shell import shell
from outlay.tools.builtin.sql import sql


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "home" / "journals").mkdir(parents=True)
    (tmp_path / "home" / "journals" / "a.jsonl").write_text("the record\n")
    (tmp_path / "home" / "t.csv").write_text("a\n1\n")
    (tmp_path / "prices.toml").write_text("# the price\n")
    (tmp_path / "open.txt").write_text("open\n")
    os.link(tmp_path / "prices.toml", tmp_path / "other.txt")
    return tmp_path


@pytest.fixture
def closed(place: Path, context: ToolContext) -> ToolContext:
    return replace(context, closed=(place / "home", place / "prices.toml"))


async def use(tool: Tool, context: ToolContext, **arguments: str) -> str:
    call = ToolCall("c", tool.spec.name, json.dumps(arguments))
    observation = await tool.run(call, context)
    assert observation.error, observation.text
    return observation.text


PATHS = ("home", "home/journals", "home/journals/a.jsonl", "./home//journals/b.jsonl",
         "prices.toml", "other.txt", "home/t.csv")  # fmt: skip


async def test_files_refuse_them(place: Path, closed: ToolContext) -> None:
    tools = {tool.spec.name: tool for tool in files(place)}
    tried = 0
    for path in PATHS:
        for name in ("read_file", "write_file", "edit_file"):
            arguments = {"read_file": {}, "write_file": {"text": "x"}}.get(name)
            given = {"old": "the", "new": "x"} if arguments is None else arguments
            await use(tools[name], closed, path=path, **given)
            tried += 1
    for path in ("home", "home/journals"):
        assert "no tool may use it" in await use(tools["list_files"], closed, path=path)
    assert tried == 21
    assert (place / "prices.toml").read_text() == "# the price\n"
    assert sorted(path.name for path in (place / "home" / "journals").iterdir()) == ["a.jsonl"]
    inside = {tool.spec.name: tool for tool in files(place / "home" / "journals")}
    assert "no tool may use it" in await use(inside["read_file"], closed, path="a.jsonl")


async def test_sql_refuses_them_and_follows_no_link_out(place: Path, closed: ToolContext) -> None:
    pytest.importorskip("duckdb")
    assert "no tool may use it" in await use(sql(place / "home"), closed, query="from t")
    tables = place / "tables"
    tables.mkdir()
    (tables / "mine.csv").write_text("a\n2\n")
    (tables / "away.csv").symlink_to(place / "home" / "t.csv")
    tool = sql(tables)
    assert "away" not in tool.spec.description
    (tables / "mine.csv").unlink()
    (tables / "mine.csv").symlink_to(place / "home" / "t.csv")
    await use(tool, closed, query="from mine")
    (tables / "mine.csv").unlink()
    with pytest.raises(UsageError):
        sql(tables)


@pytest.mark.parametrize(
    "command",
    ["cat home/journals/a.jsonl", "echo x>prices.toml", "cat ho*/j*/*", "cat ./other.txt",
     "sh -c 'cat home/t.csv'", "cp open.txt home/journals/b.jsonl", "cd home;ls"],
)  # fmt: skip
async def test_shell_refuses_to_name_them(place: Path, closed: ToolContext, command: str) -> None:
    tool = shell(place, approve=lambda command: True, network=True)
    assert "no tool may use it" in await use(tool, closed, command=command)


def test_an_agent_closes_its_own(tmp_path: Path) -> None:
    """The attack of the audit: a second journal, written by the policy, with money in it."""
    prices, home = tmp_path / "prices.toml", tmp_path / "work"
    prices.write_text("[models.scripted]\ninput = 0\noutput = 0\n[tools]\n")
    forged = "work/journals/20260101T000000-00000000.jsonl", "{}\n"
    dear = "prices.toml", "[models.scripted]\ninput = -1\noutput = 0\n"
    calls = tuple(
        ToolCall(path, "write_file", json.dumps({"path": path, "text": text}))
        for path, text in (forged, dear)
    )
    policy = ScriptedPolicy([Message("assistant", "", calls), Message("assistant", "Answer: 1")])
    agent = Agent(model=policy, tools=files(tmp_path), budget="usd=1", home=home, prices=prices)
    result = agent.run_sync("?")
    assert result.status == "answered", result.why
    assert len(list((home / "journals").iterdir())) == 1
    assert "-1" not in prices.read_text()
