"""A server in bad faith: what it offers is left out or bounded, and the rest still works."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import Observation
from outlay.tools.mcp import mcp_tools

Use = Callable[..., Awaitable[Observation]]

SERVER = """
import json, sys

OBJECT = {"type": "object"}
SPIRAL = {f"x{n}": {"allOf": [{"$ref": f"#/$defs/x{n + 1}"}] * 2} for n in range(40)}
SPIRAL["x40"] = {"type": "string"}
TOOLS = [
    {"name": "fine", "inputSchema": OBJECT, "description": "d" * 100_000},
    {"name": "fine", "inputSchema": OBJECT, "description": "again"},
    {"name": "../../etc; rm -rf", "inputSchema": OBJECT},
    {"name": "x" * 500, "inputSchema": OBJECT},
    {"name": "x" * 600, "inputSchema": OBJECT},
    {"name": "huge", "inputSchema": {"type": "object", "description": "h" * 100_000}},
    {"name": "wrong", "inputSchema": {"type": "object", "properties": {"a": {"type": "nonsense"}}}},
    {"name": "slow", "inputSchema": {"type": "object", "properties": {
        "a": {"type": "string", "pattern": "^(a+)+$"}}}},
    {"name": "spiral", "inputSchema": {"type": "object", "$defs": SPIRAL, "properties": {
        "a": {"$ref": "#/$defs/x0"}}}},
    {"name": "outside", "inputSchema": {"type": "object", "properties": {
        "a": {"$ref": "http://127.0.0.1:9/schema"}}}},
]
sys.stdout.write("this is no JSON\\n")
for line in sys.stdin:
    message = json.loads(line)
    method, id = message.get("method"), message.get("id")
    if method == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                  "serverInfo": {"name": "bad", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": TOOLS, "nextCursor": "again"}
    elif method == "tools/call":
        name = message["params"]["name"]
        if name.startswith("x"):
            result = {"content": "nonsense"}
        else:
            result = {"content": [{"type": "text", "text": "\\ud800 \\0 ok"}]}
    else:
        print(json.dumps({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "no"}}),
              flush=True)
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)
    print("{}", flush=True)
"""


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    (tmp_path / "bad.py").write_text(SERVER)
    return shlex.join([sys.executable, str(tmp_path / "bad.py")])


async def test_a_hostile_server_takes_nothing_down(hostile: str, use: Use) -> None:
    async with mcp_tools(hostile, timeout=5) as tools:
        names = [tool.spec.name for tool in tools]
        assert names[:2] == ["fine", "etc_rm_-rf"]
        assert len(set(names)) == len(names)
        assert all(len(name) <= 64 for name in names)
        assert max(len(tool.spec.description) for tool in tools) < 1_300
        assert {"huge", "wrong"} <= tools.left_out.keys()
        assert (await use(tools, "fine")).text == "? \N{SYMBOL FOR NULL} ok"
        assert (await use(tools, "x" * 64)).text == "nonsense"
        for name in ("slow", "spiral", "outside"):
            assert not (await use(tools, name, a="a" * 60 + "!")).error


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.dictionaries(st.text(), JSON))
def test_no_schema_and_no_arguments_raise_anything_but_a_tool_error(
    schema: object, arguments: dict[str, object]
) -> None:
    from outlay.ledger.errors import ToolError
    from outlay.tools.adapters.json_schema import checker, fit_for_use

    try:
        check = checker(fit_for_use(schema), "tool")
    except ToolError:
        return
    assert isinstance(check(arguments), str | None)
