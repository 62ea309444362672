"""A simulated policy for the long tasks: it walks the chain by rules and keeps notes. No model.

It knows only what stands in the prompt. For a memory that does not show everything it writes what
it still needs, where it stands and whom it has found, in the form that the memory asks for. With
`slip` it forgets one of those found each time it writes them anew, with that probability: a lossy
note-taker. What comes out shows what memories cost and lose, not how well a hosted model writes.

It bills itself: a word is a token, and what it has seen at the beginning of the last prompt of
the same task is a cache read.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from ....journal.records import Message, Reply, Request, ToolCall
from ....ledger.usage import Usage
from ..almanac.grammar import NAME
from .world import NOBODY, SPEAKS

Wish = tuple[str, Mapping[str, str | list[str]]]
"""A tool and its arguments."""

_DOCUMENT = re.compile(rf"\[({NAME})\] ({NAME}) was born in ({NAME})\.")
_NEXT = re.compile(rf"({NAME}) was taught by ({NAME})\.")
_LAST = re.compile(rf"({NAME}) {SPEAKS} ({NAME})\. \1 {NOBODY}\.")
_NOTE = re.compile(r"At: (\w+)\. Found: ([^.\n]*)\.")
_START = re.compile(rf"Begin with ({NAME})")
_CITY = re.compile(rf"born in ({NAME})\.")
_REF = re.compile(r"^\[(r[\d.]+)\] (?!pruned)")
_RECALLED = re.compile(r"\[r[\d.]+\] open \{")
_HINTS = ("Your memory is filling up", "Your memory is nearly full")


@dataclass(frozen=True)
class TextFacts:
    """What one text says."""

    births: tuple[tuple[str, str], ...] = ()
    at: str | None = None
    """Where the chain goes on."""
    end: tuple[str, str] | None = None
    """The last person, and whom that document speaks of."""
    found: tuple[str, ...] | None = None
    """Those found so far, where the text is a note."""


@dataclass
class PromptFacts:
    """What the whole prompt says."""

    at: str
    births: dict[str, str]
    found: dict[str, None]
    end: tuple[str, str] | None = None


class ChainWalker:
    """A policy of its own: give it to an `Agent` as the model."""

    name = "simulated/walker"
    max_output = 2_000
    timeout = 60.0

    def __init__(self, *, slip: float = 0.0) -> None:
        self._slip = slip
        self._before: dict[str, tuple[Message, ...]] = {}

    async def reply(self, request: Request) -> Reply:
        question = request.messages[1].content
        known = _known(request.messages, question)
        message = self._message(request, question, known)
        return Reply(message, self._bill(question, request.messages, message))

    async def close(self) -> None:
        """Does nothing: there are no connections."""

    def _message(self, request: Request, question: str, known: PromptFacts) -> Message:
        note = f"At: {known.at}. Found: {', '.join(self._kept(known, len(request.messages)))}."
        if request.messages[-1].content.startswith("# Summarise"):
            return Message("assistant", note)
        names = {spec.name for spec in request.tools} if request.tool_choice != "none" else set()
        call = _next_call(question, known, names) if names else None
        if call is not None and "prune" in names:
            call = _pruning(request.messages, note) or call
        said = _dressed(note, request.messages[0].content)
        if call is not None:
            id = f"c{crc32(f'{known.at}/{len(request.messages)}'.encode()):x}"
            return Message("assistant", said, (ToolCall(id, call[0], json.dumps(call[1])),))
        return Message("assistant", f"{said}\nAnswer: {_answer(question, known)}".strip())

    def _kept(self, known: PromptFacts, messages: int) -> Iterator[str]:
        draw = random.Random(f"{known.at}/{messages}")
        lost = len(known.found) > 0 and draw.random() < self._slip
        gone = draw.choice(sorted(known.found)) if lost else None
        return (name for name in known.found if name != gone)

    def _bill(self, question: str, messages: tuple[Message, ...], said: Message) -> Usage:
        shared = 0
        for before, now in zip(self._before.get(question, ()), messages, strict=False):
            if before is not now and before != now:
                break
            shared += _words(now)
        self._before[question] = messages
        total = sum(map(_words, messages))
        return Usage(input=total - shared, cache_read=shared, output=_words(said))


def _known(messages: Sequence[Message], question: str) -> PromptFacts:
    """Reads the notes, then the documents: those in view are never older than the last note."""
    start, city = _START.search(question), _CITY.search(question)
    known = PromptFacts(start[1] if start else "", {}, {})
    reads = [read for message in messages[2:] for read in _reads(message)]
    for read in sorted(reads, key=lambda read: read.found is None):
        for name, birth in read.births:
            known.births[name] = birth
            if city and birth == city[1]:
                known.found.setdefault(name)
        for name in read.found or ():
            known.found.setdefault(name)
        known.at = read.at or known.at
        known.end = read.end or known.end
    return known


def _reads(message: Message) -> Iterator[TextFacts]:
    if message.content:
        yield _read(message.content)
    for call in message.tool_calls:
        if call.name in ("note", "prune"):
            yield _read(call.arguments)


@lru_cache(maxsize=20_000)
def _read(text: str) -> TextFacts:
    births = tuple((name, birth) for name, _, birth in _DOCUMENT.findall(text))
    following, last = _NEXT.findall(text), _LAST.search(text)
    if notes := _NOTE.findall(text):
        at, found = notes[-1]
        return TextFacts(at=at, found=tuple(re.findall(NAME, found)))
    at = following[-1][1] if following and not _RECALLED.search(text) else None
    return TextFacts(births, at, (last[1], last[2]) if last else None)


def _next_call(question: str, known: PromptFacts, names: set[str]) -> Wish | None:
    """Returns the tool and the arguments that lead on, or None where the answer is known."""
    if known.end is None:
        return "open", {"name": known.at}
    if "speaks of" in question and known.end[1] not in known.births:
        if "recall" in names:
            return "recall", {"query": f"{known.end[1]} born"}
        return "open", {"name": known.end[1]}
    return None


def _pruning(messages: Sequence[Message], note: str) -> Wish | None:
    """Returns a call that prunes every record in view, where the memory asks for it."""
    if not any(messages[-1].content.startswith(hint) for hint in _HINTS):
        return None
    refs = [found[1] for m in messages if m.role == "tool" and (found := _REF.match(m.content))]
    return "prune", {"refs": refs, "note": note}


def _answer(question: str, known: PromptFacts) -> str:
    if known.end is None:
        return ", ".join(known.found) or known.at
    if "speaks of" in question:
        return known.births.get(known.end[1], "unknown")
    return ", ".join(known.found) if "Find all" in question else known.end[0]


def _dressed(note: str, system: str) -> str:
    """Returns the note in the form that the memory in force asks for."""
    if "<report>" in system:
        return f"<report>\n{note}\n</report>"
    if "<state>" in system:
        return f"<state>\nnow: {note}\n</state>"
    return note if "is out of view" in system else ""


@lru_cache(maxsize=20_000)
def _count(text: str) -> int:
    return len(text.split())


def _words(message: Message) -> int:
    return _count(message.content) + sum(1 + _count(c.arguments) for c in message.tool_calls)
