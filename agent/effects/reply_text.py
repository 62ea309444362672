"""What a policy wrote, as text that can be sent back to it, hashed and journalled."""

from __future__ import annotations

from dataclasses import replace

from ...journal.records import Message, Reply, ToolCall
from ...tools.functions.rendering import encodable


def encodable_reply(reply: Reply) -> Reply:
    """Returns the reply with every lone surrogate in it replaced: UTF-8 has no bytes for them."""
    message = _message(reply.message)
    others = tuple(map(_message, reply.others))
    reasoning = encodable(reply.reasoning)
    if message is reply.message and others == reply.others and reasoning == reply.reasoning:
        return reply
    return replace(reply, message=message, others=others, reasoning=reasoning)


def encodable_call(call: ToolCall) -> ToolCall:
    """Returns the call with every lone surrogate in it replaced."""
    id, name, arguments = map(encodable, (call.id, call.name, call.arguments))
    if (id, name, arguments) == (call.id, call.name, call.arguments):
        return call
    return replace(call, id=id, name=name, arguments=arguments)


def _message(message: Message) -> Message:
    content = encodable(message.content)
    calls = tuple(map(encodable_call, message.tool_calls))
    if content == message.content and calls == message.tool_calls:
        return message
    return replace(message, content=content, tool_calls=calls)
