"""Reasoning that a model writes into its reply, told apart from what it says. Pure functions.

Only what stands at the beginning is reasoning: the same marks further on may be quoted. A template
that opens the thought itself lets a reply begin within it: then only its end is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..journal.records import Reply

_TAG = r"(?:seed:|mm:)?(?:think|thinking|thought|thoughts|reasoning)"
_OPENING = re.compile(
    rf"\s*(?:<(?P<tag>{_TAG})>|(?P<brackets>\[THINK\])|(?P<kimi>◁think▷)"
    r"|(?P<cohere><\|START_THINKING\|>)"
    r"|(?P<harmony>(?:<\|start\|>assistant)?<\|channel\|>analysis(?: [^<]*)?<\|message\|>))",
    re.IGNORECASE,
)
_CLOSINGS = {"brackets": "[/THINK]", "kimi": "◁/think▷", "cohere": "<|END_THINKING|>"}
_HARMONY_END = re.compile(r"<\|end\|>|(?=<\|start\|>assistant<\|channel\|>)|(?=<\|channel\|>)")
_FINAL = re.compile(
    r"\s*(?:<\|start\|>assistant)?<\|channel\|>final(?: [^<]*)?<\|message\|>"
    r"|\s*<\|START_RESPONSE\|>|\s*<response>",
    re.IGNORECASE,
)
_AFTER_FINAL = re.compile(r"(?:<\|return\|>|<\|end\|>|<\|END_RESPONSE\|>|</response>)\s*\Z")
_BARE_CLOSING = re.compile(rf"(?<![`'\"“‘])(?:</{_TAG}>|\[/THINK\]|◁/think▷)(?![`'\"”’])", re.I)
_MARK = re.compile(rf"<{_TAG}>|\[THINK\]|◁think▷", re.I)
_MARKS = (
    "<think>", "<thinking>", "<thought>", "<thoughts>", "<reasoning>", "<seed:think>",
    "<mm:think>", "[think]", "◁think▷", "<|start_thinking|>", "<|start|>assistant<|channel|>",
    "<|channel|>analysis", "<|channel|>final", "<|start_response|>", "<response>",
)  # fmt: skip
_LONGEST = 200
"""Characters in which an opening mark must be whole."""

PARTS = ("thinking", "reasoning")
"""Types of the parts of a content that are reasoning."""
_FIELDS = ("reasoning_content", "reasoning", "thinking")


def split(content: str) -> tuple[str, str]:
    """Returns the reasoning at the beginning of a reply's text, and what is said after it."""
    thoughts: list[str] = []
    rest = content
    while opening := _OPENING.match(rest):
        thought, rest = _until_closed(opening, rest[opening.end() :])
        thoughts.append(thought)
    if not thoughts and (closing := _bare_closing(rest)):
        thoughts.append(rest[: closing.start()])
        rest = rest[closing.end() :]
    if final := _FINAL.match(rest):
        rest = _AFTER_FINAL.sub("", rest[final.end() :])
    elif not thoughts:
        return "", content
    reasoning = "\n\n".join(thought for part in thoughts if (thought := part.strip()))
    return reasoning, rest.lstrip("\r\n ") if thoughts else rest


def without(reply: Reply) -> Reply:
    """Returns a reply whose text is only what is said; the reasoning in it is kept beside it."""
    thought, said = split(reply.message.content)
    others = tuple(replace(m, content=split(m.content)[1]) for m in reply.others)
    if not thought and said == reply.message.content and others == reply.others:
        return reply
    message = replace(reply.message, content=said)
    return replace(
        reply, message=message, others=others, reasoning=together(reply.reasoning, thought)
    )


def begins_within(content: str) -> bool:
    """Says whether a reply begins within a thought whose opening the template has written."""
    return _bare_closing(content) is not None


def _bare_closing(content: str) -> re.Match[str] | None:
    """Returns the first end of a thought, None where an opening stands before it."""
    closing = _BARE_CLOSING.search(content)
    if closing is None or _MARK.search(content, 0, closing.start()):
        return None
    return closing


def told(message: Mapping[str, Any]) -> str:
    """Returns the reasoning in the fields and content parts of a chat completion's message."""
    for name in _FIELDS:
        if isinstance(value := message.get(name), str) and value:
            return value
    found = "".join(_texts(message.get("reasoning_details")))
    return found or "".join(_texts(_parts(message.get("content"))))


def together(*thoughts: str) -> str:
    """Returns thoughts as one text; what comes twice stands in it once."""
    return "\n\n".join(dict.fromkeys(thought for thought in thoughts if thought))


class SpokenText:
    """Passes a stream's text on without the reasoning at its beginning.

    Args:
        tell: is called with each piece of what is said.
        begins_in_thought: whether earlier replies began within a thought: then nothing is told
            before the mark that ends it.
    """

    def __init__(self, tell: Callable[[str], None], *, begins_in_thought: bool = False) -> None:
        self._tell = tell
        self._waits = begins_in_thought
        self._held = ""
        self._speaks = False
        self._is_open = False

    def add(self, piece: str) -> None:
        """Takes the next piece of the content."""
        if self._speaks:
            self._tell(piece)
            return
        self._held += piece
        if self._is_open and not any(end in piece for end in ">]▷"):
            return  # no mark ends here
        self._is_open = True
        if self._may_be_thought(self._held):
            return
        reasoning, said = split(self._held)
        if said and not (self._waits and not reasoning):
            self._say(said)

    def end(self) -> None:
        """Tells what was held back and is no reasoning."""
        if not self._speaks and (said := split(self._held)[1]):
            self._say(said)

    def _say(self, text: str) -> None:
        self._speaks, self._held = True, ""
        self._tell(text)

    def _may_be_thought(self, text: str) -> bool:
        """Says whether more has to come before it is known where speech begins."""
        rest = text
        while opening := _OPENING.match(rest):
            closed = _closed(opening, rest[opening.end() :])
            if closed is None:
                return True
            rest = closed[1]
        start = rest.lstrip().lower()
        return not start or any(
            mark.startswith(start) or (len(start) < _LONGEST and start.startswith(mark)
            and not _FINAL.match(rest))
            for mark in _MARKS
        )  # fmt: skip


def _until_closed(opening: re.Match[str], text: str) -> tuple[str, str]:
    return _closed(opening, text) or (text, "")


def _closed(opening: re.Match[str], text: str) -> tuple[str, str] | None:
    """Returns what stands before and after the end of a thought, None while it is open."""
    if opening["harmony"]:
        end = _HARMONY_END.search(text)
        return None if end is None else (text[: end.start()], text[end.end() :])
    closing = f"</{opening['tag']}>" if opening["tag"] else _CLOSINGS[str(opening.lastgroup)]
    at = text.lower().find(closing.lower())
    return None if at < 0 else (text[:at], text[at + len(closing) :])


def _parts(content: object) -> Iterator[Any]:
    for part in content if isinstance(content, list) else ():
        if isinstance(part, Mapping) and part.get("type") in PARTS:
            yield part


def _texts(parts: Any) -> Iterator[str]:
    """Yields the texts of thoughts, however deep they lie."""
    if isinstance(parts, str):
        yield parts
    for part in parts if isinstance(parts, list | Iterator) else ():
        if isinstance(part, str):
            yield part
        elif isinstance(part, Mapping):
            for name in ("thinking", "text", "summary", "reasoning"):
                yield from _texts(part.get(name))
