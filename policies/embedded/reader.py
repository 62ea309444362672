"""A small reader of the Almanac that follows rules: no model, but it speaks like one.

It looks facts up one after the other: it searches first, opens the document where a search does
not tell, and follows other names. Without a budget in sight it is careful with other people's
money in no way: it opens documents to check what it could have believed. A `<budget>` block makes
it frugal: it checks only what may be wrong and only while the rest of the way stays paid for.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .grammar import OLD, RELATIONS, UNKNOWN, Question, Route, Statement
from .transcript import Transcript, read_transcript

_CALL_WORDS = 8
"""Words kept for a turn's calls or answer when its thought has to fit."""

Call = tuple[str, str]
"""A tool and its argument."""


class AlmanacReader:
    """Answers questions of the Almanac by rules. Keeps no state: all comes from the request."""

    def reply(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Returns the assistant's message and its finish reason for a chat-completions body.

        Its text ends with a line `Answer: NAME`, or it asks for tools. Never raises for what
        tools answered.
        """
        transcript = read_transcript(body)
        if transcript.question is None:
            text = "This is no question of the Almanac, and I can read no other."
            return _answer(text, UNKNOWN, transcript)
        walks = [_walk(route, transcript) for route in transcript.question.routes]
        thought = " ".join(walk.thought for walk in walks)
        verdict = _verdict(transcript.question, walks, transcript)
        if verdict is None:
            calls = _next_calls(transcript.question, walks, transcript)
            if body.get("parallel_tool_calls") is False:
                calls = calls[:1]
            if calls:
                return _ask(thought, calls, transcript)
        return _answer(thought, verdict or _guess(transcript.question, walks), transcript)


@dataclass(frozen=True)
class _Walk:
    """How far a route could be followed with what is known."""

    at: str
    """The name where it stands."""
    left: tuple[str, ...]
    """The relations still to follow."""
    doubt: bool
    """True if the next fact is known, but is to be checked in its document."""
    thought: str
    """What was read last and what is looked for next, e.g. `Vokizu birthplace : Navazi .`"""

    @property
    def is_done(self) -> bool:
        return not self.left


def _walk(route: Route, transcript: Transcript) -> _Walk:
    at, left, read = transcript.real_name(route.start), route.relations, ""
    while left:
        fact = transcript.facts.get((at, left[0]))
        doubt = fact is not None and _wants_check(fact, left, transcript)
        if fact is None or doubt:
            seen = f"{_shown(fact)} ?" if fact else "?"
            return _Walk(at, left, doubt, f"{read}{at} {left[0]} : {seen} .")
        read = f"{at} {left[0]} : {_shown(fact)} . "
        at, left = transcript.real_name(fact.object), left[1:]
    return _Walk(at, (), False, read.strip())


def _shown(fact: Statement) -> str:
    return f"{fact.object} {OLD}" if fact.old else fact.object


def _wants_check(fact: Statement, left: Sequence[str], transcript: Transcript) -> bool:
    """Says whether to open the subject's document before a fact is believed."""
    title = _title(fact.subject, left[0], transcript)
    if transcript.has_tried("open", title) or not transcript.affords("open"):
        return False
    if transcript.purse is None:
        return fact.old or _is_whim(fact.subject)
    if not fact.old:
        return False
    rest = transcript.purse.after("open")
    searches = rest.calls_left("search")
    return searches is None or searches >= len(left) - 1


def _is_whim(name: str) -> bool:
    """Every second name makes the reader open its document for no good reason."""
    return bool(zlib.adler32(name.encode()) & 1)


def _title(name: str, relation: str, transcript: Transcript) -> str:
    """Returns what to open: `Vokizu (city)` where several things were seen to share the name."""
    title = f"{name} ({RELATIONS[relation].subject})"
    return title if title in transcript.text else name


def _verdict(question: Question, walks: Sequence[_Walk], transcript: Transcript) -> str | None:
    """Returns the answer if what is known tells it, else None."""
    if question.form == "chain":
        return walks[0].at if walks[0].is_done else None
    if question.form == "same":
        if not all(walk.is_done for walk in walks):
            return None
        return "yes" if walks[0].at == walks[1].at else "no"
    target = transcript.real_name(question.target)
    first, second = question.routes
    for walk, mine, other in zip(walks, (first, second), (second, first), strict=True):
        if walk.is_done and walk.at == target:
            return mine.start
        if walk.is_done and transcript.purse is not None:
            return other.start
    return None


def _guess(question: Question, walks: Sequence[_Walk]) -> str:
    """Returns an answer where what is known does not tell it."""
    if question.form == "chain":
        return UNKNOWN
    if question.form == "same":
        return "no"
    open_ends = [route for route, walk in zip(question.routes, walks, strict=True) if walk.left]
    return (open_ends or question.routes)[0].start


def _next_calls(question: Question, walks: Sequence[_Walk], transcript: Transcript) -> list[Call]:
    """Returns the calls to make now: one for each end that is open, as far as they can be paid."""
    calls: list[Call] = []
    for walk in walks:
        if walk.is_done or _is_hopeless(walk, transcript):
            continue
        call = next((c for c in _ideas(walk, transcript) if c not in calls), None)
        if call is None:
            if question.form == "same" and transcript.purse is not None:
                return []
            continue
        calls.append(call)
        if transcript.purse is not None:
            if question.form == "which":
                break
            transcript = replace(transcript, purse=transcript.purse.after(call[0]))
    return calls


def _is_hopeless(walk: _Walk, transcript: Transcript) -> bool:
    """Says whether the budget pays for less than half of the facts that are still to be found."""
    if transcript.purse is None:
        return False
    left = transcript.purse.calls_left("search")
    return left is not None and 2 * left < len(walk.left)


def _ideas(walk: _Walk, transcript: Transcript) -> list[Call]:
    """Returns what could be tried next for a walk, the best first."""
    name, relation = walk.at, walk.left[0]
    opening = ("open", _title(name, relation, transcript))
    pointed, plain = ("search", f"{name} {relation}"), ("search", name)
    if walk.doubt:
        ideas = [opening]
    elif transcript.purse is not None and transcript.purse.low:
        ideas = [pointed, plain, opening]
    else:
        ideas = [pointed, opening, plain]
    return [
        idea for idea in ideas if transcript.affords(idea[0]) and not transcript.has_tried(*idea)
    ]


def _fits(thought: str, transcript: Transcript) -> str:
    """Returns the thought, or nothing where it would crowd out what has to be said."""
    limit = transcript.max_words
    return thought if limit is None or len(thought.split()) + _CALL_WORDS <= limit else ""


def _ask(thought: str, calls: Sequence[Call], transcript: Transcript) -> tuple[dict[str, Any], str]:
    tool_calls = [
        {
            "id": f"call_{transcript.turn}_{position}",
            "type": "function",
            "function": {
                "name": tool,
                "arguments": json.dumps({transcript.tools[tool]: argument}),
            },
        }
        for position, (tool, argument) in enumerate(calls)
    ]
    message = {
        "role": "assistant",
        "content": _fits(thought, transcript),
        "tool_calls": tool_calls,
    }
    return message, "tool_calls"


def _answer(thought: str, answer: str, transcript: Transcript) -> tuple[dict[str, Any], str]:
    text = f"{_fits(thought, transcript)}\nAnswer: {answer}".strip()
    return {"role": "assistant", "content": text}, "stop"
