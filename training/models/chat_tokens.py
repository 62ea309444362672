"""Conversations as token ids under a chat template: what was sampled stays as it was sampled.

A reply that is tokenised again rarely gives the ids that were sampled. So a prompt that goes on
from an earlier reply begins with the very ids of that prompt and reply, and only what came after
them is tokenised. Each prompt is then a token prefix of the next, and a run is one training row.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from ...ledger.errors import UsageError
from ...policies import text_protocol

Said = Mapping[str, Any]
"""A chat message as it stands in a request."""

_MOST_KEPT = 4_096
"""Replies that are remembered; the oldest are forgotten first."""


class ChatTokenizer:
    """Turns requests into token ids.

    Args:
        tokenizer: of Hugging Face, with a chat template.
        ends: ids that end a reply.

    Raises:
        UsageError: the tokenizer has no chat template.
    """

    def __init__(self, tokenizer: Any, ends: frozenset[int]) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise UsageError(
                f"the tokenizer of {tokenizer.name_or_path} has no chat template: "
                "put chat_template.jinja beside it"
            )
        self._tokenizer = tokenizer
        self._ends = ends
        self._marks = [tokenizer.convert_ids_to_tokens(end) for end in sorted(ends)]
        self._kept: OrderedDict[bytes, tuple[int, ...]] = OrderedDict()

    @property
    def takes_tools(self) -> bool:
        """Whether the template has a place for the schemas of tools."""
        return "tools" in str(self._tokenizer.chat_template)

    def prompt(self, messages: Sequence[Said], tools: Sequence[Any] = ()) -> tuple[int, ...]:
        """Returns the ids of a prompt, up to where the reply begins."""
        whole = self._text(messages, tools, is_open=True)
        for place, digest in reversed(list(_digests(messages, tools))):
            ids = self._kept.get(digest)
            if ids is None:
                continue
            after = self._after(self._text(messages[:place], tools), whole, ids)
            if after is not None:
                self._kept.move_to_end(digest)
                return (*ids, *self._encoded(after))
        return self._encoded(whole)

    def keep(
        self, messages: Sequence[Said], tools: Sequence[Any], reply: Said, ids: Sequence[int]
    ) -> None:
        """Remembers the ids of a prompt and its reply."""
        *_, (_, digest) = _digests([*messages, reply], tools)
        self._kept[digest] = tuple(ids)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def _encoded(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _text(self, messages: Sequence[Said], tools: Sequence[Any], is_open: bool = False) -> str:
        text: str = self._tokenizer.apply_chat_template(
            [_templated(message) for message in messages],
            tools=list(tools) or None, tokenize=False, add_generation_prompt=is_open,
        )  # fmt: skip
        return text

    def _after(self, head: str, whole: str, ids: Sequence[int]) -> str | None:
        """Returns the text of a prompt after a reply, or None where the template breaks there.

        Args:
            head: the text up to the reply's end, as the template has it.
            ids: what was sampled up to there; the limit may have cut the end off.
        """
        at, mark = max((head.rfind(mark), mark) for mark in self._marks)
        if at < 0 or head[at + len(mark) :].strip() or not whole.startswith(head):
            return None
        return whole[at + len(mark) :] if ids[-1] in self._ends else whole[at:]


def _digests(messages: Sequence[Said], tools: Sequence[Any]) -> Iterator[tuple[int, bytes]]:
    """Yields for each reply how many messages lead up to its end, and what names them."""
    state = hashlib.blake2b(orjson.dumps(list(tools)), digest_size=16)
    for place, message in enumerate(messages, start=1):
        calls = [
            (call["function"]["name"], call["function"]["arguments"])
            for call in message.get("tool_calls") or ()
        ]
        state.update(orjson.dumps([message["role"], message.get("content") or "", calls]))
        if message["role"] == "assistant":
            yield place, state.digest()


def _templated(message: Said) -> dict[str, Any]:
    """Returns a message as templates take it: arguments are objects, and no call stands twice."""
    data = dict(message)
    calls = [call["function"] for call in data.pop("tool_calls", None) or ()]
    if calls and not text_protocol.parse(data.get("content") or "", {c["name"] for c in calls}):
        data["tool_calls"] = [{"type": "function", "function": _called(call)} for call in calls]
    return data


def _called(function: Mapping[str, Any]) -> dict[str, Any]:
    try:
        arguments = orjson.loads(function["arguments"])
    except orjson.JSONDecodeError:
        arguments = function["arguments"]
    return {"name": function["name"], "arguments": arguments}
