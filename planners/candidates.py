"""Answers that attempts have brought, and how one of them is chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NotRequired, TypedDict

from pydantic import BaseModel

from ..journal.effects import Allowance, Effects
from ..journal.records import Message
from .answers import plain
from .prompts import prompt
from .reply_schemas import narrowed, schema_of
from .state import Session, State, Status
from .structured_output import ask_for

SELECT_BYTES = 6000
"""The most text of candidates that the judge is shown, all together."""
_JUDGE_TOKENS = 256


class Candidate(TypedDict):
    """What one attempt came to."""

    answer: str | None
    status: Status
    """How the answer came about: `answered`, or `budget_exhausted` from a wrap-up reply."""
    verdict: str
    """What the verifier said of it: `success`, `continue`, `pivot`, or "" if it was not asked."""
    why: str
    score: NotRequired[int]
    """What it was scored, where a planner scores steps."""


class CandidatesState(State, total=False):
    """The state of a planner that makes several attempts."""

    candidates: list[Candidate]
    notes: list[str]
    """What earlier attempts tell later ones."""


class JudgeChoice(BaseModel):
    """The judge's choice: the number of a candidate, from 1."""

    choice: int
    why: str = ""


def select_allowance() -> Allowance:
    """Returns what is kept back for the judge."""
    return Allowance(
        purpose="select",
        prompt=(),
        output=_JUDGE_TOKENS,
        alone=True,
        input=SELECT_BYTES,
        schema=schema_of(JudgeChoice),
    )


def candidate(state: State, verdict: str = "", why: str = "") -> Candidate:
    """Returns the candidate that a state's attempt has come to."""
    return {
        "answer": state.get("answer"),
        "status": state.get("status", "failed"),
        "verdict": verdict,
        "why": why or state.get("why", ""),
    }


def sound(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Returns the candidates that may be chosen, the best sort that there is.

    Those with an answer before those without, those that the verifier accepted before others,
    and answers that an attempt gave by itself before wrap-up replies.
    """
    kept = [c for c in candidates if c["answer"]] or list(candidates)
    kept = [c for c in kept if c["verdict"] == "success"] or kept
    return [c for c in kept if c["status"] == "answered"] or kept


def majority(candidates: Sequence[Candidate]) -> Candidate:
    """Returns the first candidate with the answer that most candidates give."""
    kept = sound(candidates)
    votes = Counter(plain(c["answer"] or "") for c in kept)
    best = max(votes.values())
    return next(c for c in kept if votes[plain(c["answer"] or "")] == best)


async def judged(session: Session, effects: Effects, candidates: Sequence[Candidate]) -> Candidate:
    """Returns the candidate that the policy as a judge prefers; without a judge, the majority's."""
    kept = sound(candidates)
    if len({plain(c["answer"] or "") for c in kept}) == 1:
        return kept[0]
    room = SELECT_BYTES // len(kept)
    listed = "\n\n".join(_listed(place, c, room) for place, c in enumerate(kept, start=1))
    question = Message("user", f"{prompt('select').text}\n\n{listed}")
    asked = (*session.trajectory.messages[:2], question)
    schema = narrowed(schema_of(JudgeChoice), choice=range(1, len(kept) + 1))
    choice = await ask_for(JudgeChoice, effects, asked, purpose="select", schema=schema)
    if choice is None or not 1 <= choice.choice <= len(kept):
        return majority(kept)
    return kept[choice.choice - 1]


def _listed(place: int, found: Candidate, room: int) -> str:
    checked = f"\nVerifier: {found['verdict']}. {found['why']}" if found["verdict"] else ""
    text = f"Candidate {place}: {found['answer']}{checked}"
    return text.encode()[:room].decode("utf-8", "ignore")
