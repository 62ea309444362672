"""Tokens of the loopback server: words, under a chat template in which prompts only grow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

TOKENIZER = "loopback-words"
_END = "<end>"


def add(reply: dict[str, Any], body: Mapping[str, Any]) -> None:
    """Adds what a request asks for by `return_token_ids` and `logprobs`, in vLLM's fields."""
    if not body.get("return_token_ids") and not body.get("logprobs"):
        return
    for choice in reply["choices"]:
        words = list(_words(choice["message"]))
        if body.get("return_token_ids"):
            choice["token_ids"] = [token_id(word) for word in words]
            reply["prompt_token_ids"] = prompt_ids(body)
        if body.get("logprobs"):
            told = [{"token": word, "logprob": logprob(token_id(word))} for word in words]
            choice["logprobs"] = {"content": told}


def prompt_ids(body: Mapping[str, Any]) -> list[int]:
    """Returns the ids of a request's prompt, up to where the reply begins."""
    words = [w for m in body["messages"] for w in (f"<{m['role']}>", *_words(m))]
    return [token_id(word) for word in (*words, "<assistant>")]


def token_id(word: str) -> int:
    """Returns the id of a word, below 50,000."""
    return crc32(word.encode()) % 50_000


def logprob(token: int) -> float:
    """Returns the log-probability at which the server claims to sample a token."""
    return -(token % 97 + 1) / 50


def _words(message: Mapping[str, Any]) -> Iterator[str]:
    yield from (message.get("content") or "").split()
    for call in message.get("tool_calls") or ():
        yield from ("<call>", call["function"]["name"], *call["function"]["arguments"].split())
    yield _END
