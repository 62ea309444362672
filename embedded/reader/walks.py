"""How far what is known carries towards the answer of an Almanac question, and what to try next.

Without a budget in sight the reader is careful with other people's money in no way: it opens
documents to check what it could have believed. A `<budget>` block makes it frugal: it checks only
what may be wrong and only while the rest of the way stays paid for.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...benchmarks.suites.almanac.grammar import (
    OLD,
    RELATIONS,
    UNKNOWN,
    ParsedQuestion,
    RelationPath,
    Statement,
)
from .transcript import Transcript

Call = tuple[str, str]
"""A tool and its argument."""


@dataclass(frozen=True)
class PathWalk:
    """How far a route could be followed with what is known."""

    at: str
    """The name where it stands."""
    left: tuple[str, ...]
    """The relations still to follow."""
    doubt: bool
    """True if the next fact is known, but is to be checked in its document."""
    thought: str
    """What was read last and what is looked for next, e.g. `Vokizu birthplace : Navazi .`"""
    facts: tuple[Statement, ...] = ()
    """The facts that it followed."""

    @property
    def is_done(self) -> bool:
        return not self.left


def walk(route: RelationPath, transcript: Transcript) -> PathWalk:
    """Returns how far a route can be followed, up to the first fact that is to be checked."""
    at, left, read = transcript.real_name(route.start), route.relations, ""
    facts: tuple[Statement, ...] = ()
    while left:
        fact = transcript.facts.get((at, left[0]))
        doubt = fact is not None and _wants_check(fact, left, transcript)
        if fact is None or doubt:
            seen = f"{_shown(fact)} ?" if fact else "?"
            return PathWalk(at, left, doubt, f"{read}{at} {left[0]} : {seen} .", facts)
        read = f"{at} {left[0]} : {_shown(fact)} . "
        at, left, facts = transcript.real_name(fact.object), left[1:], (*facts, fact)
    return PathWalk(at, (), False, read.strip(), facts)


def can_check(fact: Statement, transcript: Transcript) -> bool:
    """Says whether a fact is old, and its document is still to be opened and can be paid."""
    title = _title(fact.subject, fact.relation, transcript)
    return fact.old and not transcript.has_tried("open", title) and transcript.affords("open")


def _shown(fact: Statement) -> str:
    return f"{fact.object} {OLD}" if fact.old else fact.object


def _wants_check(fact: Statement, left: Sequence[str], transcript: Transcript) -> bool:
    """Says whether to open the subject's document before a fact is believed."""
    title = _title(fact.subject, left[0], transcript)
    if transcript.has_tried("open", title) or not transcript.affords("open"):
        return False
    if transcript.sent_on:
        return fact.old and transcript.affords("open")
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


def verdict(
    question: ParsedQuestion, walks: Sequence[PathWalk], transcript: Transcript
) -> str | None:
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


def guess(question: ParsedQuestion, walks: Sequence[PathWalk]) -> str:
    """Returns an answer where what is known does not tell it."""
    if question.form == "chain":
        return UNKNOWN
    if question.form == "same":
        return "no"
    open_ends = [route for route, walk in zip(question.routes, walks, strict=True) if walk.left]
    return (open_ends or question.routes)[0].start


def next_calls(
    question: ParsedQuestion, walks: Sequence[PathWalk], transcript: Transcript
) -> list[Call]:
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


def _is_hopeless(walk: PathWalk, transcript: Transcript) -> bool:
    """Says whether the budget pays for less than half of the facts that are still to be found."""
    if transcript.purse is None:
        return False
    left = transcript.purse.calls_left("search")
    return left is not None and 2 * left < len(walk.left)


def _ideas(walk: PathWalk, transcript: Transcript) -> list[Call]:
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
