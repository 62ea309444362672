"""Requests to servers that refuse how they are written, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from outlay.journal.records import Message, Request, ToolSpec
from outlay.ledger.errors import CallRefused, WordingRefused
from outlay.policies import Endpoint
from outlay.policies.endpoint.dialect import Dialect
from outlay.testing import LoopbackServer, ScriptedAnswer

LOOKUP = ToolSpec("lookup", "Looks a thing up.", {"type": "object", "properties": {}})
ASK = Request((Message("system", "Be brief."), Message("user", "Well?")))


def refusing(
    server: LoopbackServer, wrong: Callable[[dict[str, Any]], str | None]
) -> LoopbackServer:
    """Lets the server refuse requests in the words that `wrong` finds for them."""

    def script(body: dict[str, Any]) -> ScriptedAnswer:
        said = wrong(body)
        if said is None:
            return ScriptedAnswer("Fine.")
        return ScriptedAnswer(status=400, error={"message": said})

    server.script = script
    return server


def unsupported(*fields: str) -> Callable[[dict[str, Any]], str | None]:
    def wrong(body: dict[str, Any]) -> str | None:
        found = next((field for field in fields if field in body), None)
        return found and f"Unsupported parameter: '{found}' is not supported with this model."

    return wrong


async def asked(endpoint: Endpoint, request: Request = ASK, most: int = 8) -> int:
    """Asks until the request is written as the server wants it; returns how often it was sent."""
    for times in range(1, most + 1):
        try:
            reply = await endpoint.reply(request)
        except WordingRefused:
            continue
        assert reply.message.content == "Fine."
        return times
    raise AssertionError("the server never got what it wants")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_lesson_is_learned_once(server: LoopbackServer, stream: bool) -> None:
    refusing(server, unsupported("max_tokens", "temperature", "stream_options"))
    request = Request(ASK.messages, temperature=0.0)
    first = Endpoint("m", base_url=server.url, stream=stream)
    assert await asked(first, request) == (4 if stream else 3)
    assert await asked(first, request) == 1
    assert await asked(Endpoint("m", base_url=server.url, stream=stream), request) == 1
    body = server.bodies[-1]
    assert "max_completion_tokens" in body
    assert not {"max_tokens", "temperature", "stream_options"} & body.keys()


async def test_lessons_are_of_one_model(server: LoopbackServer) -> None:
    refusing(server, lambda body: unsupported("max_tokens")(body) if body["model"] == "a" else None)
    assert await asked(Endpoint("a", base_url=server.url)) == 2
    assert await asked(Endpoint("b", base_url=server.url)) == 1
    assert "max_tokens" in server.bodies[-1]


async def test_many_at_once_learn_the_same(server: LoopbackServer) -> None:
    refusing(server, unsupported("max_tokens"))
    endpoint = Endpoint("m", base_url=server.url)
    times = await asyncio.gather(*[asked(endpoint) for _ in range(20)])
    assert max(times) == 2
    assert await asked(endpoint) == 1


async def test_a_server_that_takes_neither_is_not_asked_for_ever(server: LoopbackServer) -> None:
    refusing(server, unsupported("max_tokens", "max_completion_tokens"))
    endpoint = Endpoint("m", base_url=server.url)
    with pytest.raises(WordingRefused):
        await endpoint.reply(ASK)
    for _ in range(2):
        with pytest.raises(CallRefused, match="max_completion_tokens") as caught:
            await endpoint.reply(ASK)
        assert not isinstance(caught.value, WordingRefused)
    assert server.served.requests == 3


async def test_a_server_without_a_system_role(server: LoopbackServer) -> None:
    def wrong(body: dict[str, Any]) -> str | None:
        roles = [message["role"] for message in body["messages"]]
        if "system" in roles:
            return "System role not supported"
        alternate = "Conversation roles must alternate user/assistant/user/assistant/..."
        return alternate if any(one == two for one, two in pairwise(roles)) else None

    refusing(server, wrong)
    messages = (*ASK.messages, Message("assistant", "So."), Message("user", "Go on."))
    assert await asked(Endpoint("m", base_url=server.url), Request(messages)) == 2
    assert server.bodies[-1]["messages"] == [
        {"role": "user", "content": "Be brief.\n\nWell?"},
        {"role": "assistant", "content": "So."},
        {"role": "user", "content": "Go on."},
    ]


async def test_a_server_that_wants_developers(server: LoopbackServer) -> None:
    words = "Invalid value: 'system'. Supported values are: 'developer', 'user' and 'assistant'."
    refusing(server, lambda body: words if body["messages"][0]["role"] == "system" else None)
    assert await asked(Endpoint("m", base_url=server.url)) == 2
    assert [message["role"] for message in server.bodies[-1]["messages"]] == ["developer", "user"]


async def test_a_server_that_cannot_forbid_tools(server: LoopbackServer) -> None:
    refusing(server, unsupported("tool_choice"))
    request = Request(ASK.messages, (LOOKUP,), "none")
    assert await asked(Endpoint("m", base_url=server.url), request) == 2
    assert "tools" not in server.bodies[-1]
    assert await asked(Endpoint("m", base_url=server.url), Request(ASK.messages, (LOOKUP,))) == 1
    assert "tools" in server.bodies[-1]


async def test_servers_that_stream_always_or_never(server: LoopbackServer) -> None:
    only = "This model only support stream mode, please enable the stream parameter"
    refusing(server, lambda body: None if body.get("stream") else only)
    assert await asked(Endpoint("always", base_url=server.url)) == 2
    never = "Your organization must be verified to stream this model."
    refusing(server, lambda body: never if body.get("stream") else None)
    assert await asked(Endpoint("never", base_url=server.url, stream=True)) == 2


async def test_samples_come_one_by_one_where_a_server_draws_no_more(server: LoopbackServer) -> None:
    refusing(server, lambda body: "'n' : number must be at most 1" if "n" in body else None)
    endpoint = Endpoint("m", base_url=server.url)
    assert await asked(endpoint, Request(ASK.messages, samples=3)) == 2
    assert endpoint.takes_samples, "a resumed run asks what its record asked"


async def test_who_knows_better_says_so(server: LoopbackServer) -> None:
    dialect = Dialect(
        limit="max_completion_tokens", system="developer", parallel_tool_calls=False,
        without=frozenset({"n", "seed"}),
    )  # fmt: skip
    endpoint = Endpoint("m", base_url=server.url, dialect=dialect)
    assert not endpoint.takes_samples
    await endpoint.reply(Request(ASK.messages, (LOOKUP,), seed=3))
    body = server.bodies[-1]
    assert (body["max_completion_tokens"], body["parallel_tool_calls"]) == (4096, False)
    assert body["messages"][0]["role"] == "developer"
    assert "seed" not in body


async def test_other_refusals_are_told_at_once(server: LoopbackServer) -> None:
    refusing(server, lambda body: "Invalid schema for function 'lookup'")
    with pytest.raises(CallRefused, match="Invalid schema") as caught:
        await Endpoint("m", base_url=server.url).reply(ASK)
    assert not isinstance(caught.value, WordingRefused)
    assert server.served.requests == 1
