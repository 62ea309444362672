"""The loopback server, over real HTTP."""

from __future__ import annotations

import asyncio

from outlay.journal.records import Message, Request, ToolSpec
from outlay.ledger.usage import Usage
from outlay.policies import Endpoint
from outlay.testing import LoopbackServer, ScriptedAnswer

LOOKUP = ToolSpec("lookup", "Looks a thing up.", {"type": "object"})


async def turns(url: str, model: str) -> tuple[int, str]:
    endpoint = Endpoint(model, base_url=url)
    messages = [Message("user", "Go.")]
    calls = 0
    while True:
        reply = await endpoint.reply(Request(tuple(messages), (LOOKUP,)))
        messages.append(reply.message)
        if not reply.message.tool_calls:
            return calls, reply.message.content
        for call in reply.message.tool_calls:
            calls += 1
            messages.append(Message("tool", "found", tool_call_id=call.id))


async def test_default_agent(server: LoopbackServer) -> None:
    assert await turns(server.url, "turns-3-calls-2") == (6, "The answer after 3 turns is 42.")
    assert server.served.requests == server.served.replies == 4


async def test_what_was_served_is_counted(server: LoopbackServer) -> None:
    server.steps(
        ScriptedAnswer("a b", prompt_tokens=900, completion_tokens=700), ScriptedAnswer(status=429)
    )
    endpoint = Endpoint("m", base_url=server.url)
    request = Request((Message("user", "Go."),))
    assert (await endpoint.reply(request)).usage == Usage(input=900, output=700)
    await asyncio.gather(endpoint.reply(request), return_exceptions=True)
    served = server.served
    assert (served.requests, served.replies, served.refused) == (2, 1, 1)
    assert (served.prompt_tokens, served.completion_tokens) == (900, 700)
