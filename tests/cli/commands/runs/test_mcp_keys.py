"""Keys for MCP servers at the command line: nothing that a run leaves behind has them."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

KEY = "sk-kQ7Zx2Lm92vTpR0a"
SERVER = Path(__file__).parents[3] / "tools" / "mcp" / "a_server.py"


@pytest.mark.parametrize("way", ["by name", "in the line"])
def test_no_key_is_left_behind(outlay, place: Path, way: str, monkeypatch) -> None:
    pytest.importorskip("mcp")
    monkeypatch.setenv("MY_TOKEN", KEY)
    (place / "script.json").write_text(json.dumps([{"content": "Answer: done"}]))
    server = shlex.join([sys.executable, str(SERVER)])
    given = (
        ("--mcp", server, "--mcp-env", "MY_TOKEN")
        if way == "by name"
        else ("--mcp", f"env MY_TOKEN={KEY} {server}")
    )
    ended = outlay(
        "run", "Do it.", "--model", "scripted:script.json", "--prices", "prices.toml",
        "--budget", "tokens=100k", *given,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    left = [path for path in place.rglob("*") if path.is_file()]
    assert not [path for path in left if KEY.encode() in path.read_bytes()]
    assert KEY not in ended.stdout + ended.stderr
