"""Every option has its variable, means the same everywhere, and is documented."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from outlay.cli.app import app

from .conftest import Outlay

DOCS = Path(__file__).parents[2] / "docs"
HEAVY = ("langgraph", "openai", "duckdb", "pydantic", "rich", "asyncio", "httpx", "orjson")


def commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return {"": group, **group.commands}


def parameters() -> Iterator[tuple[str, Any]]:
    for verb, command in commands().items():
        for parameter in command.params:
            if parameter.param_type_name == "option" and parameter.name not in ("help", "version"):
                yield verb, parameter


@pytest.mark.parametrize(("verb", "option"), list(parameters()))
def test_an_option_has_its_variable_and_is_documented(verb: str, option: Any) -> None:
    flags = [flag.removeprefix("--").replace("-", "_").upper() for flag in option.opts]
    assert option.envvar in [f"OUTLAY_{flag}" for flag in flags]
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert f"`{option.envvar}`" in page
    assert f"`{option.opts[0]}`" in page


def test_a_variable_has_one_flag() -> None:
    flags: dict[str, set[str]] = {}
    for _, option in parameters():
        flags.setdefault(option.envvar, set()).add(option.opts[0])
    assert all(len(found) == 1 for found in flags.values()), flags


def test_every_verb_is_documented_and_its_summary_is_not_cut() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    for verb, command in commands().items():
        assert f"`outlay {verb}".rstrip() in page
        assert verb == "" or not command.get_short_help_str(65).endswith("...")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom outlay.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.rpartition("LOADED")[2].split()
    assert not set(HEAVY).intersection(loaded)


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",), ("train",), ("bench", "-h")])
def test_help_is_there_for_the_asking(outlay: Outlay, arguments: tuple[str, ...]) -> None:
    done = outlay(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: outlay ")


def test_a_server_s_command_line_in_a_variable_is_one(outlay: Outlay) -> None:
    lines = "no-such-server --port 3\n  \n"
    done = outlay("run", "x", "--model", "human", "--budget", "usd=1", env={"OUTLAY_MCP": lines})
    assert done.returncode == 2
    assert "the MCP server no-such-server is dead" in done.stderr


@pytest.mark.parametrize("command", [("suites",), ("runs",), ("tools",)])
def test_lists_can_be_plain(outlay: Outlay, command: tuple[str, ...]) -> None:
    assert outlay(*command, "--plain").returncode == 0
