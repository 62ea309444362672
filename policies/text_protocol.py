"""Tool calls as text, for servers that know no tool calling. Pure functions.

Tools are described in the system message, calls are fenced blocks in the reply, and observations
come back as user messages. What the policy wrote is kept to the letter, so that each prompt is a
prefix of the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson

from ..journal.arguments import written
from ..journal.records import Message, Reply, Request, ToolCall, ToolSpec
from . import reasoning
from .call_ids import made_id

_RULES = """\
You can use tools. To call one, write a block like this:

```tool_call
{"name": "tool_name", "arguments": {"argument": "value"}}
```

Write several blocks to call several tools at once. After your blocks stop and wait: the results \
come in the next message. To give your final answer, write no block.

Tools:
"""
_ANSWER_NOW = "Tools can no longer be called. Give your final answer now."
_BLOCK = re.compile(
    r"```(?P<fence>tool_call|tool_code|json)[ \t]*\n(?P<fenced>.*?)(?:\n?```|\Z)"
    r"|<tool_call>(?P<tagged>.*?)(?:</tool_call>|\Z)",
    re.DOTALL,
)
_NAME = re.compile(r'"(?:name|tool)"\s*:\s*"([^"]+)"')


def render(request: Request) -> Request:
    """Returns the request without tools: they and their observations stand in the messages."""
    messages = list(request.messages)
    if request.tools:
        first = messages.pop(0) if messages and messages[0].role == "system" else None
        parts = [first.content] if first and first.content else []
        messages.insert(0, Message("system", "\n\n".join([*parts, describe(request.tools)])))
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    plain = [_plain(message, names) for message in messages]
    if request.tools and request.tool_choice == "none":
        plain.append(Message("user", _ANSWER_NOW))
    return replace(request, messages=tuple(_merged(plain)), tools=(), tool_choice="auto")


def read(reply: Reply, request: Request) -> Reply:
    """Returns the reply with the calls that its text asks for."""
    if not request.tools or request.tool_choice == "none":
        return reply
    before = sum(len(message.tool_calls) for message in request.messages)
    wishes = parse(reasoning.split(reply.message.content)[1], {tool.name for tool in request.tools})
    calls = tuple(
        ToolCall(made_id(reply.response_id, before + position), name, arguments)
        for position, (name, arguments) in enumerate(wishes)
    )
    if not calls:
        return reply
    message = replace(reply.message, tool_calls=calls)
    return replace(reply, message=message, finish_reason="tool_calls")


def describe(tools: Sequence[ToolSpec]) -> str:
    """Returns the part of the system message that teaches the protocol and lists the tools."""
    lines = [
        f"- {tool.name}: {tool.description}\n"
        f"  arguments (JSON schema): {orjson.dumps(dict(tool.parameters)).decode()}"
        for tool in tools
    ]
    return _RULES + "\n".join(lines)


def parse(text: str, known: set[str]) -> list[tuple[str, str]]:
    """Returns (tool, arguments as JSON text) for each call in the text.

    A block that is not valid JSON is returned as it stands, so that the policy is told so.
    """
    return [call for block, sure in _blocks(text) for call in _calls(block, sure, known)]


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Yields each block and whether it is meant as a call beyond doubt."""
    for match in _BLOCK.finditer(text):
        tagged = match["tagged"]
        yield (match["fenced"] if tagged is None else tagged).strip(), match["fence"] != "json"


def _calls(block: str, sure: bool, known: set[str]) -> Iterator[tuple[str, str]]:
    try:
        data = orjson.loads(block)
    except orjson.JSONDecodeError:
        if sure and block:
            named = _NAME.search(block)
            yield (named[1] if named else "tool_call"), block
        return
    for entry in data if isinstance(data, list) else [data]:
        name, arguments = _named(entry)
        if name and (sure or name in known):
            yield name, arguments
        elif sure:
            yield "tool_call", written(entry)


def _named(entry: Any) -> tuple[str, str]:
    """Returns the tool's name and arguments under any of the names that models give them."""
    if not isinstance(entry, dict):
        return "", ""
    entry = entry.get("function") if isinstance(entry.get("function"), dict) else entry
    name = entry.get("name") or entry.get("tool") or ""
    fields = ("arguments", "args", "parameters", "input")
    arguments: Any = next((entry[field] for field in fields if field in entry), {})
    if not isinstance(arguments, str):
        arguments = written(arguments)
    return (name if isinstance(name, str) else ""), arguments


def _plain(message: Message, names: dict[str, str]) -> Message:
    if message.role == "tool":
        tool = names.get(message.tool_call_id or "", "tool")
        return Message("user", f"Result of {tool} ({message.tool_call_id}):\n{message.content}")
    if not message.tool_calls:
        return message
    if any(_blocks(message.content)):
        return replace(message, tool_calls=())
    blocks = [f"```tool_call\n{_written(call)}\n```" for call in message.tool_calls]
    text = "\n\n".join([message.content, *blocks]).lstrip("\n")
    return replace(message, content=text, tool_calls=())


def _written(call: ToolCall) -> str:
    arguments: Any
    try:
        arguments = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:
        arguments = call.arguments
    return written({"name": call.name, "arguments": arguments})


def _merged(messages: Sequence[Message]) -> Iterator[Message]:
    """Yields the messages with neighbouring user messages as one: many servers insist on turns."""
    held: Message | None = None
    for message in messages:
        if held and held.role == message.role == "user":
            held = Message("user", f"{held.content}\n\n{message.content}")
            continue
        if held:
            yield held
        held = message
    if held:
        yield held
