"""One bad part of a listing or a result does not cost the whole, and is told."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from outlay.journal.records import Observation
from outlay.tools import Tool
from outlay.tools.mcp import mcp_tools
from outlay.tools.mcp.server_tools import McpTools

Use = Callable[..., Awaitable[Observation]]

SERVER = """
import json, sys

TOOLS, RESULTS = json.loads(open(sys.argv[1]).read())
for line in sys.stdin:
    message = json.loads(line)
    method, id = message.get("method"), message.get("id")
    if method == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                  "serverInfo": {"name": "odd", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": TOOLS}
    elif method == "tools/call":
        asked = message["params"]
        result = RESULTS.get(asked["name"])
        if result is None:
            result = {"content": [{"type": "text", "text": json.dumps(asked["arguments"])}]}
    else:
        error = {"code": -32601, "message": "no"}
        if id is not None:
            print(json.dumps({"jsonrpc": "2.0", "id": id, "error": error}), flush=True)
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)
"""
SEED = {"type": "integer", "minimum": -9223372036854776000, "maximum": 2**70}


def offered(name: str, schema: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object"} if schema is None else schema, **more}


def of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_04 = "http://json-schema.org/draft-04/schema#"
TOOLS = [
    offered("fine"),
    offered("array", {"type": "array"}),
    offered("none", "no schema"),
    {"name": "bare"},
    7,
    offered("bad_hints", annotations={"readOnlyHint": "perhaps"}, icons="none", title=None),
    offered("untyped", {"properties": {"a": {"type": "string"}}}),
    offered("seed", of({"seed": SEED})),
    offered("pair", of({"p": {"type": "array", "items": [{"type": "string"}, {"type": "number"}]}},
                       **{"$schema": DRAFT_07})),
    offered("above", of({"n": {"type": "number", "minimum": 0, "exclusiveMinimum": True}},
                        **{"$schema": DRAFT_04})),
    offered("failing"),
    offered("both"),
    offered("twice"),
    offered("wrapped"),
    offered("new_kind"),
    offered("typed", outputSchema=of({"n": {"type": "integer"}}, required=["n"])),
    offered("listed"),
]  # fmt: skip
TEXT = {"type": "text", "text": "two rows"}
RESULTS = {
    "failing": {"isError": True, "content": [], "structuredContent": {"code": 7, "why": "locked"}},
    "both": {"content": [TEXT], "structuredContent": {"rows": [1, 2]}},
    "twice": {"content": [{"type": "text", "text": '{"a": 1}'}], "structuredContent": {"a": 1}},
    "wrapped": {"content": [TEXT], "structuredContent": {"content": "two rows"}},
    "new_kind": {"content": [TEXT, {"type": "hologram", "url": "x"}]},
    "typed": {"content": [{"type": "text", "text": "41"}]},
    "listed": {"content": None, "structuredContent": [1, 2]},
}


@pytest.fixture
def server(tmp_path: Path) -> str:
    (tmp_path / "odd.py").write_text(SERVER)
    (tmp_path / "odd.json").write_text(json.dumps([TOOLS, RESULTS]))
    return shlex.join([sys.executable, str(tmp_path / "odd.py"), str(tmp_path / "odd.json")])


@pytest.fixture
def tools(server: str) -> Iterator[McpTools]:
    with mcp_tools(server) as found:
        yield found


def named(tools: McpTools, name: str) -> Tool:
    return next(tool for tool in tools if tool.spec.name == name)


def test_bad_tools_are_left_out_by_name(server: str, caplog: pytest.LogCaptureFixture) -> None:
    with mcp_tools(server) as tools:
        kept = [tool.spec.name for tool in tools]
    assert kept == [tool["name"] for tool in TOOLS[:1] + TOOLS[5:] if isinstance(tool, dict)]
    assert tools.left_out.keys() == {"array", "none", "bare", "a tool without a name"}
    assert "'array': inputSchema.type: Input should be 'object'" in caplog.text
    assert "left out of the MCP server " in caplog.text


@pytest.mark.parametrize("seed", [2**63, 2**64 + 1, -9223372036854776000])
async def test_integers_stay_exact(tools: McpTools, use: Use, seed: int) -> None:
    assert (await use(tools, "seed", seed=seed)).text == json.dumps({"seed": seed})


async def test_a_bound_beyond_64_bits_is_checked_exactly(tools: McpTools, use: Use) -> None:
    told = named(tools, "seed").spec.parameters["properties"]["seed"]
    assert told == {"type": "integer", "minimum": -9223372036854776000.0, "maximum": 2.0**70}
    assert (await use(tools, "seed", seed=2**70 + 1)).error
    assert not (await use(tools, "seed", seed=2**70)).error


async def test_older_drafts_are_obeyed(tools: McpTools, use: Use) -> None:
    assert not (await use(tools, "pair", p=["a", 1])).error
    assert (await use(tools, "pair", p=[1, "a"])).error
    assert not (await use(tools, "above", n=1)).error
    assert (await use(tools, "above", n=0)).error


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("failing", 'Error: {"code": 7, "why": "locked"}', True),
        ("both", 'two rows\n{"rows": [1, 2]}', False),
        ("twice", '{"a": 1}', False),
        ("wrapped", "two rows", False),
        ("new_kind", 'two rows\n{"type":"hologram","url":"x"}', False),
        ("typed", "41", False),
        ("listed", "[1,2]", False),
    ],
)
async def test_what_was_paid_is_shown(
    tools: McpTools, use: Use, name: str, text: str, error: bool
) -> None:
    observation = await use(tools, name)
    assert observation.error is error
    assert observation.text.endswith(text.removeprefix("Error: ")), observation.text
