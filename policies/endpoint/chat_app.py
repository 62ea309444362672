"""A chat-completions server without the network: from a request's body to a response's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

Body = dict[str, Any]
Speak = Callable[[Body], tuple[dict[str, Any], str]]
"""The model itself: from a request's body to (message, finish reason)."""


class ChatApp:
    """Answers chat-completion requests with `speak` and bills them.

    A token is a word here (what stands between blanks): of the messages' texts, of the arguments
    of tool calls and of the tools' descriptions. No bill exceeds the bytes of what it is for.
    """

    def __init__(self, speak: Speak, model: str) -> None:
        self._speak = speak
        self._model = model

    def complete_many(self, bodies: Sequence[Body]) -> list[tuple[int, Body]]:
        """Returns (status, response) for each request; one that fails leaves the others be."""
        return [self._complete(body) for body in bodies]

    def _complete(self, body: Body) -> tuple[int, Body]:
        if not isinstance(body.get("messages"), list) or not body["messages"]:
            return 400, {"error": {"message": "the request has no messages"}}
        try:
            message, finish = self._speak(body)
        except Exception as exc:
            return 500, {"error": {"message": f"{type(exc).__name__}: {exc}"}}
        message, finish, spent = limited(message, finish, _limit(body))
        prompt = count_prompt(body)
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": spent,
            "total_tokens": prompt + spent,
        }
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return 200, {
            "id": "",
            "object": "chat.completion",
            "created": 0,
            "model": self._model,
            "choices": [choice],
            "usage": usage,
        }


def chunks(response: Body) -> Iterator[bytes]:
    """Yields a response as server-sent events, text word by word, the bill last."""
    head = {"id": response["id"], "object": "chat.completion.chunk", "model": response["model"]}
    choice = response["choices"][0]
    message = choice["message"]
    for word in re.findall(r"\s*\S+|\s+\Z", message.get("content") or ""):
        yield _event(head, {"content": word})
    for index, call in enumerate(message.get("tool_calls", ())):
        yield _event(head, {"tool_calls": [{"index": index, **call}]})
    yield _event(head, {}, choice["finish_reason"])
    yield b"data: %s\n\n" % orjson.dumps({**head, "choices": [], "usage": response["usage"]})
    yield b"data: [DONE]\n\n"


def limited(
    message: dict[str, Any], finish: str, limit: int | None
) -> tuple[dict[str, Any], str, int]:
    """Cuts a reply to `limit` words and returns it with its finish reason and its words."""
    content = message.get("content") or ""
    calls = message.get("tool_calls") or []
    spent = len(content.split())
    if limit is not None and spent > limit:
        pieces = re.findall(r"\s*\S+", content)
        return {"role": "assistant", "content": "".join(pieces[:limit])}, "length", limit
    kept = []
    for call in calls:
        words = _call_words(call)
        if limit is not None and spent + words > limit:
            finish, spent = "length", limit
            break
        spent += words
        kept.append(call)
    result = {"role": "assistant", "content": content}
    return ({**result, "tool_calls": kept} if kept else result), finish, spent


def count_prompt(body: Body) -> int:
    """Returns the words of a request."""
    total = 0
    for message in body["messages"]:
        total += len((message.get("content") or "").split())
        total += sum(_call_words(call) for call in message.get("tool_calls") or ())
    for tool in body.get("tools") or ():
        total += len(tool["function"].get("description", "").split())
    return total


def _call_words(call: dict[str, Any]) -> int:
    return 1 + len(call["function"]["arguments"].split())


def _limit(body: Body) -> int | None:
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    return limit if isinstance(limit, int) else None


def _event(head: Body, delta: Body, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: %s\n\n" % orjson.dumps({**head, "choices": [choice]})
