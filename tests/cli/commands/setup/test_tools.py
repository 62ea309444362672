"""`outlay tools`: what is listed and shown, and one call as a policy would make it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from outlay.cli import main
from outlay.tools import BUILTIN_TOOLS

from ...conftest import RUN, run_id

Told = Callable[..., str]
Within = Callable[..., tuple[int, str]]


@pytest.fixture
def within(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Runs `outlay` within this process; returns its exit code and what it printed."""
    monkeypatch.chdir(place)

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        output = capsys.readouterr()
        return int(end.value.code or 0), output.out.strip() + output.err.strip()

    return run


def tried(within: Within, name: str, *more: str, **arguments: object) -> tuple[int, str]:
    """Returns the exit code of a try, and what it showed before the cost."""
    code, said = within("tools", "try", name, "--args", json.dumps(arguments), *more)
    return code, said.partition("$")[0].strip()


def test_all_that_ships_is_listed(inside: Told) -> None:
    listed = inside("tools")
    assert all(f"{entry.name}" in listed and entry.does in listed for entry in BUILTIN_TOOLS)
    assert "delegate" in listed


def test_a_tool_is_shown_with_its_price_limits_and_effects(inside: Told) -> None:
    shown = inside("tools", "show", "files:docs")
    assert shown.count("price      from $0\ntimeout    30 s\nshown      20,000 characters") == 4
    assert (shown.count("read-only  yes"), shown.count("read-only  no")) == (2, 2)
    assert "timeout    none: it is quick" in inside("tools", "show", "calculator")
    assert "price      from $0.50\ntimeout    3600 s" in inside("tools", "show", "ask_human")


def test_a_call_is_held_booked_and_recorded(within: Within) -> None:
    arguments = ("--args", '{"expression": "2 ** 10"}', "--prices", "prices.toml")
    Path("prices.toml").write_text("[tools.calculator]\ncall = 0.002\n")
    code, said = within("tools", "try", "calculator", *arguments)
    assert (code, said.partition("$")[0]) == (0, "1024")
    assert "$0.002;" in said
    shown = within("show", run_id(said))[1]
    assert "calculator" in shown
    assert "$0.00200" in shown


def test_a_try_that_fails_ends_with_1(within: Within) -> None:
    assert tried(within, "read_file:docs", path="melun.md")[0] == 0
    code, said = tried(within, "read_file:docs", path="../script.json")
    assert code == 1
    assert said == "Error: '../script.json' leads out of the folder: `..` is not allowed"
    code, said = tried(within, "ask_human", question="why?")
    assert (code, said) == (1, "Not run: nobody can be asked, for there is no terminal.")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show"], "name a tool: outlay tools show calculator"),
        (["try", "telescope"], "these do: ask_human, calculator"),
        (["try", "files:docs"], "try one of list_files, read_file, write_file, edit_file"),
        (["try", "delegate"], "outlay run … --tool delegate"),
        (["try", "calculator", "--args", "{"], "does not fit calculator"),
        (["try", "calculator", "--args", "[]"], "they must be a JSON object"),
        (["show", "calculator:x"], "takes no argument"),
        (["polish"], "'polish' is not one of"),
    ],
)
def test_wrong_usage_is_one_sentence(complaint: Told, arguments: list[str], says: str) -> None:
    assert says in complaint("tools", *arguments)


def test_yes_approves_commands_that_cost_nothing(within: Within) -> None:
    Path("dear.toml").write_text("[tools.shell]\ncall = 0.01\n")
    command = {"command": "echo forty-two"}
    if "cannot run commands without network" in within("tools", "show", "shell:docs")[1]:
        pytest.skip("this system has no namespaces")
    assert tried(within, "shell:docs", **command)[0] == 1
    assert tried(within, "shell:docs", "--yes", **command) == (0, "forty-two")
    code, said = tried(within, "shell:docs", "--yes", "--prices", "dear.toml", **command)
    assert (code, said) == (1, "Not run: this call of shell was not approved.")


def test_a_sub_agent_spends_what_its_caller_has_left(within: Within) -> None:
    usage = {"input": 100, "output": 10}
    script = [
        {"tool_calls": [{"name": "delegate", "arguments": {"task": "Who?"}}], "usage": usage},
        {"content": "Answer: Ada", "usage": usage},
    ]  # the sub-agent says the same, and has nobody to delegate to
    Path("script.json").write_text(json.dumps(script))
    budget = ("--budget", "usd=0.10,model_calls=5", "--tool", "delegate", "--json")
    found = json.loads(within(*RUN, *budget)[1])
    assert (found["status"], found["answer"]) == ("answered", "Ada")
    assert (found["spend"]["model_calls"], found["left"]["model_calls"]) == (4, 1)
    listed = within("runs", "--json")[1].splitlines()
    assert [json.loads(row)["model_calls"] for row in listed] == [2, 2]
    assert "4 model calls" in within("show", found["run"])[1]


def test_servers_are_priced_by_pattern(within: Within) -> None:
    server, prices = Path("server.py"), Path("prices.toml")
    server.write_text(SERVER)
    calls = [{"name": "add_up", "arguments": {"a": 1, "b": 2}}]
    script = [{"tool_calls": calls}, {"content": "Answer: 3"}]
    Path("script.json").write_text(json.dumps(script))
    prices.write_text('[tools."add_*"]\ncall = 0.02\n')
    mcp = ("--mcp", f"{sys.executable} {server}", "--prices", "prices.toml", "--json")
    run = ("run", "add", "--model", "scripted:script.json", "--budget", "usd=1", *mcp)
    found = json.loads(within(*run)[1], parse_float=str)
    assert (found["answer"], found["cost_usd"]) == ("3", "0.02")


SERVER = """
from mcp.server.mcpserver import MCPServer

server = MCPServer("sums")


@server.tool()
def add_up(a: int, b: int) -> str:
    \"\"\"Adds two numbers.\"\"\"
    return str(a + b)


server.run()
"""
