"""Keys of MCP servers: in no label, no record, no answer, and only where they were sent."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.tools.mcp.address import McpAddress
from outlay.tools.mcp.given_variables import given_variables
from outlay.tools.mcp.recorded_address import LEFT_OUT, recorded_address

KEY = "sk-kQ7Zx2Lm92vTpR0a"
ATTACKS = (
    "env TOKEN={} server",
    "env -i A=1 TOKEN={} server --port 80",
    "TOKEN={} server",
    "server --api-key {}",
    "server --api-key={}",
    "server --token {} --port 80",
    "server -H 'Authorization: Bearer {}'",
    "server {}",
    "npx {}",
    "uvx mcp-x --password {}",
    "python -m pkg {}",
    "docker run -e TOKEN={} image",
    "sh -c 'TOKEN={} exec server'",
    "server --db postgres://user:{}@host/db",
    "https://user:{}@host.example/mcp",
    "https://{}@host.example/mcp",
    "https://host.example/mcp?token={}",
    "https://host.example/mcp#{}",
    "https://host.example/s/{}/mcp",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_neither_label_nor_record_has_the_key(attack: str) -> None:
    text = attack.format(KEY)
    address = McpAddress.of(text)
    kept = recorded_address(text)
    assert KEY not in address.label
    assert KEY not in repr(address)
    assert KEY not in kept
    assert address.cleaner()(f"I was given {KEY}!") == "I was given [redacted]!"
    with pytest.raises(UsageError, match="cannot be started from its record"):
        McpAddress.of(kept)


@given(st.text(min_size=1), st.sampled_from(["env TOKEN={} x", "x --api-key {}", "x --token={}"]))
def test_no_value_is_recorded(value: str, line: str) -> None:
    if value.startswith("-"):
        return
    text = line.format(shlex.quote(value))
    assert shlex.split(recorded_address(text)) == shlex.split(line.format(f"'{LEFT_OUT}'"))


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("uvx mcp-server-time", "mcp-server-time"),
        ("npx -y @modelcontextprotocol/server-filesystem /home/me", "server-filesystem"),
        ("python -m pkg.server --port 80", "pkg"),
        ("/usr/bin/python3.12 /srv/a_server.py", "a_server"),
        ("/opt/mcp-server --port 80", "mcp-server"),
        ("https://mcp.example/mcp", "mcp.example"),
    ],
)
def test_ordinary_lines_are_recorded_whole(line: str, label: str) -> None:
    assert recorded_address(line) == line
    assert McpAddress.of(line).label == label


def test_a_line_that_cannot_be_read_is_not_told() -> None:
    for text in (f"server '{KEY}", f"https://{KEY}@/mcp"):
        with pytest.raises(UsageError) as caught:
            McpAddress.of(text)
        assert KEY not in str(caught.value)


def test_variables_go_by_name_to_one_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", KEY)
    command, url = given_variables(
        ["mcp-x", "https://a.example/mcp"], ["MY_TOKEN"], ["Authorization=MY_TOKEN"]
    )
    assert (command.env, command.headers) == ({"MY_TOKEN": KEY}, {})
    assert (url.env, url.headers) == ({}, {"Authorization": KEY})
    for servers, env, headers in (
        (["a", "b"], ["MY_TOKEN"], []),
        ([], ["MY_TOKEN"], []),
        (["a"], ["NOT_SET"], []),
        (["a"], [f"MY_TOKEN={KEY}"], []),
        (["https://a.example"], [], [KEY]),
    ):
        with pytest.raises(UsageError) as caught:
            given_variables(servers, env, headers)
        assert "MY_TOKEN" not in env or KEY not in str(caught.value)


def test_a_server_s_last_words_hold_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mcp")
    from outlay.tools.mcp import mcp_tools

    script = tmp_path / "dies.py"
    script.write_text(
        "import os, sys\n"
        "sys.stderr.write('\\x1b[2K' + 590 * 'x' + os.environ['MY_TOKEN'] + 580 * 'y')\n"
    )
    monkeypatch.setenv("MY_TOKEN", KEY)
    (address,) = given_variables([shlex.join([sys.executable, str(script)])], ["MY_TOKEN"])
    with pytest.raises(UsageError, match="last words") as caught:
        mcp_tools(address).open()
    said = str(caught.value)
    assert not [KEY[i : i + 6] for i in range(len(KEY) - 5) if KEY[i : i + 6] in said]
    assert said.isprintable()
