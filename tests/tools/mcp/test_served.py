"""`outlay mcp` as an MCP client meets it, in a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from outlay.agent import Home
from outlay.tools.mcp import mcp_tools

PROGRAM = "import typer; from outlay.cli.commands.setup.mcp import mcp; typer.run(mcp)"
SCRIPT = [{"content": "Answer: 42", "usage": {"input": 1000, "output": 100}}]
PRICES = """
[models.scripted]
input = 100
output = 1000
[tools.calculator]
call = 0.05
"""

Use = Callable[..., Any]


def words(place: Path, *more: str) -> list[str]:
    (place / "script.json").write_text(json.dumps(SCRIPT))
    (place / "prices.toml").write_text(PRICES)
    return [
        sys.executable, "-W", "ignore", "-c", PROGRAM,
        "--model", f"scripted:{place / 'script.json'}", "--prices", str(place / "prices.toml"),
        "--home", str(place / "home"), "--max-budget", "usd=2,calculator=2",
        "--offer", "calculator", *more,
    ]  # fmt: skip


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Any]:
    async with mcp_tools(shlex.join(words(tmp_path)), timeout=60) as tools:
        yield tools


async def test_a_task_runs_on_its_budget_and_tells_its_cost(served: Any, use: Use) -> None:
    observation = await use(served, "run_agent", task="What is it?", budget="usd=1.5")
    told = json.loads(observation.text)
    assert (told["answer"], told["status"]) == ("42", "answered")
    assert float(told["cost_usd"]) == pytest.approx(0.2)


async def test_a_budget_above_the_servers_is_refused(served: Any, use: Use) -> None:
    for budget, said in [
        ("usd=3", "usd=3 is above this server's usd=2"),
        ("usd=1,calculator=9", "tool_calls.calculator=9 is above"),
        ("nonsense", "is not NAME=LIMIT"),
    ]:
        observation = await use(served, "run_agent", task="What is it?", budget=budget)
        assert observation.error
        assert said in observation.text


async def test_all_tasks_spend_from_one_account(served: Any, use: Use) -> None:
    texts = []
    for _ in range(15):
        texts.append((await use(served, "run_agent", task="What is it?", budget="usd=1.5")).text)
    costs = [float(json.loads(text)["cost_usd"]) for text in texts if text.startswith("{")]
    assert 0 < sum(costs) <= 2
    assert "cannot pay for one call" in texts[-1]


async def test_a_tool_is_offered_held_and_booked(served: Any, use: Use, tmp_path: Path) -> None:
    texts = [(await use(served, "calculator", expression="6 * 7")).text for _ in range(3)]
    assert texts[:2] == ["42", "42"]
    assert "Not run: the server has 0 of 2 tool_calls.calculator left" in texts[2]
    served.close()
    home = Home.at(tmp_path / "home")
    rows = home.store.query("select tool, usd from tool_calls where usd > 0").rows
    assert [(name, float(usd)) for name, usd in rows] == [("calculator", 0.05)] * 2


@pytest.mark.parametrize("chosen", ["hunter2", "", " "])
async def test_over_http_a_token_is_asked_for(tmp_path: Path, use: Use, chosen: str) -> None:
    """Without a token of the owner's choice one is made, which nobody else can read."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = words(tmp_path, "--http", f"127.0.0.1:{port}")
    url = f"http://127.0.0.1:{port}/mcp"
    config = {"OUTLAY_MCP_TOKEN": chosen, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    kept = tmp_path / "config" / "outlay" / "mcp-token"
    with subprocess.Popen(command, env={**os.environ, **config}) as process:
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            token = chosen.strip() or kept.read_text()
            assert kept.exists() == (not chosen.strip())
            if kept.exists():
                assert (kept.stat().st_mode & 0o777, len(token)) == (0o600, 43)
            tries = ("", "Bearer", token, f"Basic {token}", f"Bearer {token}x")
            for header in tries:
                given = {"Authorization": header} if header else {}
                assert httpx.post(url, json={}, headers=given).status_code == 401
            headers = {"Authorization": f"Bearer {token}"}
            async with mcp_tools(url, headers=headers, timeout=60) as tools:
                observation = await use(tools, "run_agent", task="What is it?", budget="usd=1.5")
            assert json.loads(observation.text)["answer"] == "42"
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--http", "0.0.0.0:8000"), "anyone who reaches 0.0.0.0 could spend"),
        (("--http", "here"), "takes HOST:PORT"),
        (("--offer", "nothing"), "there is no tool 'nothing'"),
        (("--budget", "usd=5"), "usd=5 is above this server's usd=2"),
    ],
)
def test_wrong_usage_is_told(tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    done = subprocess.run(words(tmp_path, *more), capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert said in done.stderr.replace("\n", " ")
