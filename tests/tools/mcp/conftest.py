from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from reading import denied, fault

from outlay.journal.records import Observation, ToolCall
from outlay.tools import Tool, ToolContext

SERVER = Path(__file__).parent / "a_server.py"

Use = Callable[..., Awaitable[Observation]]


@pytest.fixture
def command() -> str:
    """The command line of the test server."""
    return shlex.join([sys.executable, str(SERVER)])


@pytest.fixture
def use(context: ToolContext) -> Use:
    """Calls a tool by name as the effects door does."""

    async def run(tools: Iterable[Tool], name: str, **arguments: Any) -> Observation:
        tool = {each.spec.name: each for each in tools}[name]
        call = ToolCall("call-1", name, json.dumps(arguments))
        assert fault(tool, call.arguments) is None
        why = await denied(tool, call, context)
        if why is not None:
            return Observation(call.id, name, why, True)
        return await tool.run(call, context)

    return run
