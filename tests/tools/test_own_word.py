"""Whether a tool is read-only is the owner's word; a server or document says it in vain."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from outlay.agent import Agent, delegate
from outlay.ledger.errors import UsageError
from outlay.policies import ScriptedPolicy
from outlay.tools import Tool
from outlay.tools.adapters import from_openapi
from outlay.tools.mcp import mcp_tools
from outlay.tools.wrappers import cached, retried

SERVER = shlex.join([sys.executable, str(Path(__file__).parent / "mcp" / "a_server.py")])

DOCUMENT = {
    "openapi": "3.1.0",
    "servers": [{"url": "http://127.0.0.1:9"}],
    "paths": {
        "/x": {
            method: {"operationId": f"{method}_x", "x-read-only": True, "readOnly": True}
            for method in ("get", "head", "options", "post")
        }
    },
}


def refused(tool: Tool, folder: Path) -> bool:
    """True if what takes read-only tools alone does not take it."""
    for wrap in (lambda: cached(tool, folder), lambda: retried(tool)):
        with pytest.raises(UsageError, match="is not read-only"):
            wrap()
    return not tool.spec.read_only


def test_hints_of_a_server_count_nothing(tmp_path: Path) -> None:
    """Every tool of a server that calls most of its tools read-only: 0 got through."""
    with mcp_tools(SERVER, prices={"*": 0}) as tools:
        assert len(tools) > 5
        assert all(refused(tool, tmp_path) for tool in tools)
    with mcp_tools(SERVER, prices={"*": 0}, read_only=["add", "b*"]) as tools:
        assert {tool.spec.name for tool in tools if tool.spec.read_only} == {
            "add", "big_output", "book",
        }  # fmt: skip


def test_an_agent_s_servers_are_declared_by_its_owner(tmp_path: Path) -> None:
    agent = Agent(
        model=ScriptedPolicy([]), budget="tokens=1k", mcp=[SERVER], mcp_read_only=["pid"],
        home=tmp_path,
    )  # fmt: skip
    with agent:
        assert [tool.spec.name for tool in agent.given if tool.spec.read_only] == ["pid"]


def test_methods_of_a_document_count_nothing(tmp_path: Path) -> None:
    assert all(refused(tool, tmp_path) for tool in from_openapi(DOCUMENT))
    declared = from_openapi(DOCUMENT, read_only=["get_*"])
    assert [tool.spec.name for tool in declared if tool.spec.read_only] == ["get_x"]


def test_a_sub_agent_is_not_read_only_by_itself(tmp_path: Path) -> None:
    agent = Agent(model=ScriptedPolicy([]), budget="tokens=1k", home=tmp_path)
    assert refused(delegate(agent), tmp_path)
    assert delegate(agent).spec.resumes
    assert delegate(agent, read_only=True).spec.read_only
