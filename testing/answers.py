"""What the loopback server says and bills: steps, and the chat completions made of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from . import tokens

Fault = Literal["reset", "cut", "half_json", "hang", "html", "empty_choices", "drop_usage"]
"""What goes wrong after the reply is billed: the connection is reset before the reply or cut in
its middle, the JSON ends half-way, nothing ever comes, a web page comes, the reply has no
choices, or no bill."""

_PATTERN = re.compile(r"turns-(\d+)(?:-calls-(\d+))?(?:-wait-(\d+)ms)?")


@dataclass(frozen=True)
class ScriptedAnswer:
    """One scripted answer. Without a status above 399 it is billed, also when a fault follows."""

    content: str = ""
    words: int = 0
    """Words of filler after `content`."""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """Objects with `name` and `arguments` (an object, or text that is sent as it stands), and what
    else is sent with the call."""
    added: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the message, such as `reasoning_content`."""
    usage: Any = ...
    """Sent in place of the honest bill; None sends none."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    """Billed in place of what was counted (and served, for `GET /served`)."""
    finish_reason: str | None = None
    """Said in place of `stop`, `tool_calls` or `length`, whichever is true."""
    ignore_limit: bool = False
    """Does not stop at the request's `max_tokens`."""
    wait: float = 0.0
    """Seconds before the reply starts."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)
    fault: Fault | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScriptedAnswer:
        values = dict(data)
        values["tool_calls"] = tuple(values.get("tool_calls", ()))
        return cls(**values)


Script = Callable[[dict[str, Any]], ScriptedAnswer]
"""From the body of a request to the answer."""


def default_script(body: dict[str, Any]) -> ScriptedAnswer:
    """Calls `lookup` for as many turns as the model's name says and then answers.

    `turns-10-calls-3-wait-200ms`: ten rounds of three parallel calls, each reply after 200 ms.
    Other names answer at once.
    """
    match = _PATTERN.search(str(body.get("model", "")))
    turns, calls, wait = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    taken = sum(1 for message in body["messages"] if message.get("tool_calls"))
    tools = [tool["function"]["name"] for tool in body.get("tools", ())]
    if taken >= turns or not tools or body.get("tool_choice") == "none":
        return ScriptedAnswer(content=f"The answer after {taken} turns is 42.", wait=wait / 1000)
    name = "lookup" if "lookup" in tools else tools[0]
    wishes = tuple(
        {"name": name, "arguments": {"query": f"turn {taken} call {position}"}}
        for position in range(max(calls, 1))
    )
    return ScriptedAnswer(tool_calls=wishes, wait=wait / 1000)


@dataclass
class ServerCounts:
    """What the server did and billed, whether or not it arrived."""

    requests: int = 0
    replies: int = 0
    refused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    at_once: int = 0
    """Most requests that were in work at the same time."""
    working: int = 0

    def to_dict(self) -> dict[str, int]:
        return dict(vars(self))


def completion(
    body: dict[str, Any], step: ScriptedAnswer, number: int, served: ServerCounts
) -> dict[str, Any]:
    """Returns the reply and books it as served."""
    limit = body.get("max_tokens", body.get("max_completion_tokens"))
    words = (step.content.split() if step.content else []) + ["word"] * step.words
    cut = limit is not None and not step.ignore_limit and len(words) > limit
    content = " ".join(words[:limit]) if cut else (step.content + " word" * step.words).strip()
    calls = [_tool_call(number, position, c) for position, c in enumerate(step.tool_calls)]
    spent = len(words[:limit] if cut else words) + 4 * len(calls)
    prompt = counted_prompt(body) if step.prompt_tokens is None else step.prompt_tokens
    spent = spent if step.completion_tokens is None else step.completion_tokens
    served.replies += 1
    served.prompt_tokens += prompt
    served.completion_tokens += spent
    message: dict[str, Any] = {"role": "assistant", "content": content or None, **step.added}
    if calls:
        message["tool_calls"] = calls
    finish = step.finish_reason or ("length" if cut else "tool_calls" if calls else "stop")
    reply = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model", ""),
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": spent,
            "total_tokens": prompt + spent,
        },
    }
    tokens.add(reply, body)
    return _altered(reply, step)


def counted_prompt(body: dict[str, Any]) -> int:
    """Returns the words of the messages' texts and of the arguments of their calls."""
    total = 0
    for message in body["messages"]:
        content = message.get("content")
        total += len(content.split()) if isinstance(content, str) else 0
        for call in message.get("tool_calls", ()):
            total += len(call["function"]["arguments"].split())
    return total


def chunks(reply: dict[str, Any], with_usage: bool) -> Iterator[bytes]:
    """Yields the reply as server-sent events: text by words, calls' arguments in two halves."""
    head: dict[str, Any] = {name: reply[name] for name in ("id", "model") if name in reply}
    for choice in reply["choices"][:1]:
        message = choice["message"]
        for part in _in_halves(message):
            yield _event(head, part)
        for piece in re.findall(r"\S+\s*", message["content"] or ""):
            yield _event(head, {"content": piece})
        for index, call in enumerate(message.get("tool_calls", ())):
            text = call["function"]["arguments"]
            half = len(text) // 2
            function = {"name": call["function"]["name"], "arguments": text[:half]}
            first = {**call, "index": index, "function": function}
            yield _event(head, {"tool_calls": [first]})
            rest = {"index": index, "function": {"arguments": text[half:]}}
            yield _event(head, {"tool_calls": [rest]})
        told = {name: choice[name] for name in ("token_ids", "logprobs") if name in choice}
        if "prompt_token_ids" in reply:
            head["prompt_token_ids"] = reply["prompt_token_ids"]
        yield _event(head, {}, choice["finish_reason"], told)
    if with_usage and "usage" in reply:
        yield b"data: %s\n\n" % orjson.dumps({**head, "choices": [], "usage": reply["usage"]})
    yield b"data: [DONE]\n\n"


def numbers() -> Iterator[int]:
    """Numbers the replies of a server."""
    return itertools.count(1)


def _altered(reply: dict[str, Any], step: ScriptedAnswer) -> dict[str, Any]:
    if step.usage is not ...:
        reply["usage"] = step.usage
    if step.fault == "empty_choices":
        reply["choices"] = []
    if step.fault == "drop_usage" or step.usage is None:
        reply.pop("usage")
    return reply


def _tool_call(number: int, position: int, wish: Mapping[str, Any]) -> dict[str, Any]:
    arguments = wish.get("arguments", {})
    if not isinstance(arguments, str):
        arguments = orjson.dumps(arguments).decode()
    return {
        "id": f"call_{number}_{position}",
        "type": "function",
        "function": {"name": wish["name"], "arguments": arguments},
        **{name: value for name, value in wish.items() if name not in ("name", "arguments")},
    }


def _in_halves(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields what a message has beyond the usual fields, texts in two halves."""
    for name, value in message.items():
        if name in ("role", "content", "tool_calls"):
            continue
        half = len(value) // 2 if isinstance(value, str) else 0
        if half:
            yield {name: value[:half]}
        yield {name: value[half:] if half else value}


def _event(
    head: dict[str, Any], delta: dict[str, Any], finish: str | None = None, told: Any = None
) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, **(told or {})}
    return b"data: %s\n\n" % orjson.dumps({**head, "choices": [choice]})
