from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from outlay.journal.records import ToolCall
from outlay.tools import ToolContext
from outlay.tools.adapters import from_openapi

Sent = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def sent(api: Any, context: ToolContext) -> Sent:
    """Calls the one operation of a document, and returns what came on the wire."""

    async def send(operation: dict[str, Any], path: str = "/x", **arguments: Any) -> dict[str, Any]:
        method = operation.pop("method", "post" if "requestBody" in operation else "get")
        document = {
            "openapi": "3.0.3",
            "servers": [{"url": api.url}],
            "components": operation.pop("components", {}),
            "paths": {path: {method: {"operationId": "op", **operation}}},
        }
        (tool,) = from_openapi(document)
        observation = await tool.run(ToolCall("1", "op", json.dumps(arguments)), context)
        assert not observation.error, observation.text
        (asked,) = api.asked
        return dict(asked)

    return send
