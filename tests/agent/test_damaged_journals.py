"""Any one line of a journal may be lost, doubled or garbled: nothing is paid or done twice."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import orjson
import pytest

from outlay.agent import Agent, Home
from outlay.journal import line as journal_line
from outlay.journal.records import Request, ToolCall
from outlay.ledger.errors import JournalError
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step
from outlay.tools import tool

TURNS = 2


class Bench:
    """Agents that count what they ask for and do."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.notes: list[str] = []

    def agent(self, home: Path) -> Agent:
        @tool(price="0.01")
        def note(text: str) -> str:
            """Writes a line: a thing not to be done twice."""
            self.notes.append(text)
            return "noted"

        def reply(request: Request) -> Step:
            turn = sum(message.role == "assistant" for message in request.messages)
            self.asked.append(turn)
            if turn > TURNS:
                return "Answer: 7"
            return ToolCall(id=f"c{turn}", name="note", arguments=f'{{"text":"note {turn}"}}')

        return Agent(
            model=ScriptedPolicy(reply), tools=[note], budget="model_calls=20,tool_calls=20",
            planner="tracker", home=home,
        )  # fmt: skip


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, list[bytes]]:
    """The journal of a run that was killed after a few turns: run, name and lines."""
    home = tmp_path_factory.mktemp("whole")
    agent = Bench().agent(home)
    run = agent.run_sync("note things").run
    agent.home.close()
    (path,) = (home / "journals").iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    values = [n for n, line in enumerate(lines) if b'"kind":"value"' in line]
    return run, path.name, lines[: values[TURNS] + 1]


async def resumed(agent: Agent, run: str) -> str:
    """Returns how a run ended, or why it was not gone on with."""
    try:
        return (await agent.resume(run)).text or ""
    except JournalError as error:
        return str(error)


def damaged(lines: list[bytes], place: int, how: str) -> list[bytes]:
    line = lines[place]
    if how == "removed":
        found = []
    elif how == "doubled":
        found = [line, line]
    elif how == "halved":
        found = [line[: len(line) // 2] + b"\n"]
    else:
        chance = random.Random(place)
        at = chance.randrange(1, len(line) - 1)
        found = [line[:at] + bytes([line[at] ^ (1 << chance.randrange(5))]) + line[at + 1 :]]
    return [*lines[:place], *found, *lines[place + 1 :]]


@pytest.mark.parametrize("how", ["removed", "doubled", "halved", "garbled"])
async def test_nothing_is_paid_or_done_twice(
    interrupted: tuple[str, str, list[bytes]], tmp_path: Path, how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    run, name, lines = interrupted
    refused = 0
    for place in range(1, len(lines)):
        home = tmp_path / str(place)
        (home / "journals").mkdir(parents=True)
        (home / "journals" / name).write_bytes(b"".join(damaged(lines, place, how)))
        bench = Bench()
        agent = bench.agent(home)
        text = await resumed(agent, run)
        if text != "Answer: 7":
            refused += 1
            assert str(home / "journals" / name) in text
            assert "line" in text or "first event" in text
        assert all(turn >= TURNS for turn in bench.asked), (place, lines[place])
        assert not set(bench.notes) & {f"note {turn}" for turn in range(TURNS)}
        await agent.close()
        agent.home.close()
    last_is_no_call = 1
    assert refused >= (0 if how == "doubled" else len(lines) - 1 - last_is_no_call)


async def test_every_reader_is_told(
    interrupted: tuple[str, str, list[bytes]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run, name, lines = interrupted
    (tmp_path / "journals").mkdir()
    (tmp_path / "journals" / name).write_bytes(b"".join(damaged(lines, 4, "halved")))
    for _ in range(2):  # one that loads the line, and one that finds it loaded
        caplog.clear()
        Home.at(tmp_path).store._told.clear()
        Home.at(tmp_path).events(run)
        (said,) = caplog.records
        assert said.levelno == logging.WARNING
        assert said.getMessage().endswith(f"{name}: line 5 is no event, it was left out")


async def test_a_settlement_without_its_hold_is_spent(
    interrupted: tuple[str, str, list[bytes]], tmp_path: Path
) -> None:
    run, name, lines = interrupted
    holds = [n for n, line in enumerate(lines) if b'"kind":"hold"' in line and b'"tool"' in line]
    (tmp_path / "journals").mkdir()
    (tmp_path / "journals" / name).write_bytes(b"".join(damaged(lines, holds[0], "removed")))
    home = Home.at(tmp_path)
    assert str(home.spent_with_below(run).usd) == f"0.0{TURNS}"
    assert str(home.store.query("select usd from runs").rows[0][0].normalize()) == f"0.0{TURNS}"


def test_a_line_is_read_as_it_was_written_or_not_at_all() -> None:
    whole = {"id": "j:1", "text": "wörter", "usd": "0.1"}
    line = journal_line.written(whole)
    assert journal_line.read(line) == whole
    for place in range(len(line) - 1):
        for bit in range(8):
            other = line[:place] + bytes([line[place] ^ (1 << bit)]) + line[place + 1 :]
            found = journal_line.read(other)
            known = (
                None
                if found is None
                else {k: v for k, v in found.items() if k in ("id", "text", "usd")}
            )
            assert known in (None, {"id": "j:1", "text": "wörter", "usd": "0.1"}), other
    assert journal_line.read(orjson.dumps({"id": "old"})) == {"id": "old"}
