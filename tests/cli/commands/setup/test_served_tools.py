"""`outlay tools --mcp`: what a server offers, and what of it is left out."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from ...conftest import Outlay

SERVER = """
import json, sys

TOOLS = [{"name": "fine", "description": "Does.\\nMore.", "inputSchema": {"type": "object"}},
         {"name": "array", "inputSchema": {"type": "array"}}]
for line in sys.stdin:
    message = json.loads(line)
    method, id = message.get("method"), message.get("id")
    result = None
    if method == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                  "serverInfo": {"name": "odd", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": TOOLS}
    elif id is None:
        continue
    answer = {"error": {"code": -32601, "message": "no"}} if result is None else {"result": result}
    print(json.dumps({"jsonrpc": "2.0", "id": id, **answer}), flush=True)
"""


def test_a_server_s_tools_are_listed_with_what_is_left_out(outlay: Outlay, place: Path) -> None:
    (place / "odd.py").write_text(SERVER)
    command = shlex.join([sys.executable, str(place / "odd.py")])
    done = outlay("tools", "--mcp", command)
    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == [
        "  fine                    Does.",
        "  array                   left out: inputSchema.type: Input should be 'object'",
    ]
    assert "left out of the MCP server" in done.stderr  # as a run says it
