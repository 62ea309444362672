"""Servers that refuse how requests are written: learned, sent again at once, booked once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from outlay.agent import Agent, AgentOptions
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.testing.answers import default_script

from .conftest import JournalFiles


def refusing(server: LoopbackServer, *fields: str) -> None:
    def script(body: dict[str, Any]) -> ScriptedAnswer:
        for field in fields:
            if field in body:
                said = f"Unsupported parameter: '{field}' is not supported with this model."
                error = {"message": said, "param": field, "code": "unsupported_parameter"}
                return ScriptedAnswer(status=400, error=error)
        return default_script(body)

    server.script = script


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reasoning_model_behind_a_gateway(
    agent_for: Callable[..., Agent],
    server: LoopbackServer,
    book: JournalFiles,
    served_usd: Callable[[], Decimal],
    stream: bool,
) -> None:
    refusing(server, "max_tokens", "temperature")
    agent = agent_for(
        "turns-2", {"stream": stream, "timeout": 60}, budget="usd=1",
        options=AgentOptions(attempts=1, temperature=0.0),
    )  # fmt: skip
    result = await agent.run("Well?")
    assert (result.status, result.cost) == ("answered", served_usd())
    assert (server.served.refused, server.served.replies) == (2, 3)
    released = [event.body["why"] for event in book.events("release")]
    assert [why.rpartition("sent again as ")[2] for why in released] == [
        "limit=max_completion_tokens", "limit=max_completion_tokens&without=temperature",
    ]  # fmt: skip
    assert [event.body["attempt"] for event in book.model_holds] == [1, 2, 3, 1, 1]


async def test_a_server_that_cannot_be_pleased(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    refusing(server, "max_tokens", "max_completion_tokens")
    result = await agent_for(budget="usd=1").run("Well?")
    assert (result.status, result.cost) == ("failed", 0)
    assert "'max_completion_tokens' is not supported" in result.why
    assert server.served.requests == 2


async def test_samples_are_drawn_one_by_one_and_replayed(
    agent_for: Callable[..., Agent], server: LoopbackServer, served_usd: Callable[[], Decimal]
) -> None:
    refusing(server, "n")
    agent = agent_for(budget="usd=1", planner="best_of:n=3")
    result = await agent.run("Well?")
    assert (result.status, result.cost) == ("answered", served_usd())
    assert (await agent.replay(result.run)).text == result.text


@pytest.mark.parametrize(
    ("status", "error", "why"),
    [
        (403, {"message": "Country, region, or territory not supported"}, "Country, region"),
        (422, {"detail": [{"loc": ["body", "x"], "msg": "Odd"}], "message": None}, "x: Odd"),
        (301, {}, "points elsewhere"),
        (400, {"message": "Range of input length should be [1, 9]"}, "longer than m can read"),
    ],
)
async def test_refusals_cost_nothing(
    agent_for: Callable[..., Agent],
    server: LoopbackServer,
    status: int,
    error: dict[str, Any],
    why: str,
) -> None:
    server.steps(ScriptedAnswer(status=status, error=error))
    result = await agent_for(budget="usd=1").run("Well?")
    assert (result.status, result.cost) == ("failed", 0)
    assert why in result.why
    assert "OUTLAY_API_KEY" not in result.why
    assert server.served.requests == 1
