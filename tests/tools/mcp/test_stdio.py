from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest
from reading import cost

from outlay.journal.records import Observation
from outlay.ledger.errors import UsageError
from outlay.tools import Toolset
from outlay.tools.mcp import mcp_tools

Use = Callable[..., Awaitable[Observation]]


async def test_a_servers_tools_are_ours_with_prices_and_hints(command: str, use: Use) -> None:
    prices = {"add": "0.02", "b*": 0.5, "*": 0}
    async with mcp_tools(command, prices=prices, read_only=["add"]) as tools:
        known = {tool.spec.name: tool for tool in tools}
        assert {"add", "book", "big_output"} <= known.keys()
        assert known["add"].spec.read_only
        assert not known["book"].spec.read_only
        assert known["add"].least_cost == Decimal("0.02")
        assert cost(known["book"], '{"seat": 1}') == Decimal("0.5")
        assert known["pid"].least_cost == Decimal(0)
        assert (await use(tools, "add", a=1, b=2)).text == "3"


async def test_wrong_arguments_are_refused_before_money_is_held(command: str, use: Use) -> None:
    async with mcp_tools(command) as tools:
        observation = await use(tools, "add", a="x")
    assert observation.error
    assert "'x' is not of type 'integer'; 'b' is a required property" in observation.text


async def test_what_is_no_text_becomes_a_note(command: str, use: Use) -> None:
    async with mcp_tools(command) as tools:
        observation = await use(tools, "picture")
    assert observation.text == (
        "[image, image/png, 6 bytes: not shown]\n[resource file:///note.txt]\nhello"
    )


async def test_long_outputs_are_cut_and_stay_addressable(command: str, use: Use) -> None:
    async with mcp_tools(command) as tools:
        observation = await use(tools, "big_output", size=50_000)
    assert len(observation.text) <= 20_000
    assert observation.ref is not None


async def test_a_tool_that_fails_or_hangs_is_an_observation(command: str, use: Use) -> None:
    async with mcp_tools(command, timeout=2) as tools:
        failed = await use(tools, "fail")
        hung = await use(tools, "hang")
        after = await use(tools, "add", a=2, b=2)
    assert failed.error
    assert hung.text.startswith("Error: hang gave no result within 2 seconds")
    assert after.text == "4"


async def test_a_server_killed_in_mid_call_is_told_and_started_again(
    command: str, use: Use
) -> None:
    async with mcp_tools(command, read_only=["pid", "hang"]) as tools:
        pid = int((await use(tools, "pid")).text)
        call = asyncio.create_task(use(tools, "hang"))
        await asyncio.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
        observation = await call
        assert observation.error
        assert "died during the call of hang (killed by signal 9" in observation.text
        assert "it changes nothing, so it can be called again" in observation.text
        assert int((await use(tools, "pid")).text) != pid


async def test_after_a_death_the_outcome_of_a_call_with_effects_is_unknown(
    command: str, use: Use
) -> None:
    async with mcp_tools(command) as tools:
        observation = await use(tools, "book", seat=1)
        assert "exit code 9" in observation.text
        assert "whether it took effect is unknown" in observation.text
        assert (await use(tools, "add", a=1, b=1)).text == "2"


async def test_a_server_that_keeps_dying_is_not_started_for_ever(command: str, use: Use) -> None:
    async with mcp_tools(command) as tools:
        texts = [(await use(tools, "book", seat=seat)).text for seat in range(5)]
    assert all("died during the call" in text for text in texts[:4])
    assert "is not started again: it died" in texts[4]


async def test_changes_of_the_tools_are_seen_at_the_next_call(command: str, use: Use) -> None:
    async with mcp_tools(command) as tools:
        await use(tools, "rename")
        await asyncio.sleep(0.2)
        old = await use(tools, "add", a=1, b=2)
        new = await use(tools, "add", a=1, b=2, c=3)
        gone = await use(tools, "fail")
    assert "'c' is a required property; the server changed what it takes" in old.text
    assert new.text == "6"
    assert gone.text == "Error: the MCP server does not offer fail any more."


async def test_an_endless_message_ends_the_server_not_the_run(command: str, use: Use) -> None:
    async with mcp_tools(command) as tools:
        observation = await use(tools, "big_output", size=40_000_000)
        assert "it sent a message of more than 33,554,432 bytes" in observation.text
        assert (await use(tools, "add", a=1, b=1)).text == "2"


def test_sync_code_and_many_loops_share_a_connection(command: str, use: Use) -> None:
    with mcp_tools(command) as tools:
        sums = [asyncio.run(use(tools, "add", a=n, b=1)).text for n in range(3)]
    assert sums == ["1", "2", "3"]


async def test_closing_stops_the_process(command: str, use: Use) -> None:
    async with mcp_tools(command) as tools:
        pid = int((await use(tools, "pid")).text)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (await use(tools, "pid")).text.startswith("Error: the connection to the MCP server")


async def test_the_server_inherits_no_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "hunter2")
    spy = tmp_path / "spy.py"
    spy.write_text("import os, sys; sys.exit(str(sorted(os.environ)))")
    with pytest.raises(UsageError) as error:
        mcp_tools(shlex.join([sys.executable, str(spy)]), env={"GIVEN": "1"}).open()
    assert "GIVEN" in str(error.value)
    assert "SOME_API_KEY" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "is a command line or a URL"),
        ("'", "cannot be split"),
        ("http://", "names no host"),
        ("/no/such/program", "No such file"),
        ("false", "exit code 1"),
        ("http://127.0.0.1:9/mcp", "is dead"),
    ],
)
def test_a_server_that_cannot_be_had_is_a_usage_error(address: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        mcp_tools(address, connect_timeout=20).open()


def test_a_server_that_never_answers_is_given_up() -> None:
    with pytest.raises(UsageError, match=r"no answer within 0.3 seconds"):
        mcp_tools("sleep 60", connect_timeout=0.3).open()


def test_a_price_for_no_tool_is_a_usage_error(command: str) -> None:
    with pytest.raises(UsageError, match="no tool is named 'ad', which has a price"):
        mcp_tools(command, prices={"ad": 1}).open()


def test_names_that_clash_get_a_prefix(command: str) -> None:
    with mcp_tools(command, taken=["add"]) as tools, mcp_tools(command, prefix="two") as more:
        registry = Toolset([*tools, *more])
    assert {"a_server_add", "book", "two_add", "two_book"} <= set(registry.names)


def test_only_the_tools_that_are_wanted_are_kept(command: str) -> None:
    with mcp_tools(command, keep=lambda name: name == "add") as tools:
        assert [tool.spec.name for tool in tools] == ["add"]


STUBBORN = """
import signal, sys, time
from mcp.server.mcpserver import MCPServer

server = MCPServer("stubborn")


@server.tool()
def add(a: int) -> str:
    "Adds nothing."
    return str(a)


signal.signal(signal.SIGTERM, signal.SIG_IGN)
server.run()
while True:
    time.sleep(1)
"""


async def test_a_server_that_ignores_sigterm_is_killed_and_that_is_told(
    tmp_path: Path, use: Use, caplog: pytest.LogCaptureFixture
) -> None:
    script = tmp_path / "stubborn.py"
    script.write_text(STUBBORN)
    async with mcp_tools(shlex.join([sys.executable, str(script)])) as tools:
        assert (await use(tools, "add", a=1)).text == "1"
    told = [record.getMessage() for record in caplog.records if record.name.endswith(".stdio")]
    name = Path(sys.executable).name
    assert told == [f"the MCP server {name} ignored SIGTERM and was killed"]


async def test_a_server_that_ends_when_asked_is_not_complained_of(
    command: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with mcp_tools(command):
        pass
    assert [record for record in caplog.records if record.name.endswith(".stdio")] == []
