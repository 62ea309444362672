"""Answers that attempts have brought, and how one of them is chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict

from langgraph.types import Command
from pydantic import BaseModel

from ..journal.effects import Allowance, Effects
from ..journal.loop_versions import ANSWERS_RANKED, KEPT_ON_DEMAND, NEWEST
from ..journal.records import Message
from .answers import plain
from .nodes import end
from .prompts import prompt
from .reply_schemas import narrowed, schema_of
from .state import Reason, Session, State, Status
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
    evidence: NotRequired[list[str]]
    """What tool results have shown of it, as the verifier found."""
    reason: NotRequired[Reason | Literal[""]]
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


def select_allowance(*, on_demand: bool = False) -> Allowance:
    """Returns what is kept back for the judge.

    Args:
        on_demand: not before `keep_judge` finds that there may be something to choose.
    """
    return Allowance(
        purpose="select", prompt=(), output=_JUDGE_TOKENS, alone=True, input=SELECT_BYTES,
        schema=schema_of(JudgeChoice), on_demand=on_demand,
    )  # fmt: skip


def candidate(state: State, verdict: str = "", why: str = "") -> Candidate:
    """Returns the candidate that a state's attempt has come to."""
    return {
        "answer": state.get("answer"),
        "status": state.get("status", "failed"),
        "verdict": verdict,
        "why": why or state.get("why", ""),
        "reason": state.get("reason", ""),
    }


def sound(candidates: Sequence[Candidate], loop: int = NEWEST) -> list[Candidate]:
    """Returns the candidates that may be chosen, the best sort that there is.

    Those with an answer before those without. Then what the verifier has accepted; answers that it
    was not asked about, those that an attempt gave by itself before wrap-up replies; what it found
    unproven; what it rejected.
    """
    kept = [c for c in candidates if c["answer"]] or list(candidates)
    rank = _rank if loop >= ANSWERS_RANKED else _old_rank
    best = min(map(rank, kept))
    return [c for c in kept if rank(c) == best]


def majority(candidates: Sequence[Candidate], loop: int = NEWEST) -> Candidate:
    """Returns the first candidate with the answer that most candidates give."""
    kept = sound(candidates, loop)
    votes = Counter(plain(c["answer"] or "") for c in kept)
    best = max(votes.values())
    return next(c for c in kept if votes[plain(c["answer"] or "")] == best)


async def keep_judge(session: Session, effects: Effects, candidates: Sequence[Candidate]) -> None:
    """Keeps back what the judge costs once the answers that may be chosen differ.

    There is room for one more of them than there are. If the budget cannot pay for that, the
    majority will choose.
    """
    kept = sound(candidates, session.loop)
    if session.loop < KEPT_ON_DEMAND or len({plain(c["answer"] or "") for c in kept}) == 1:
        return
    listed = [len(_listed(place, c, SELECT_BYTES).encode()) for place, c in enumerate(kept, 1)]
    most = min(sum(listed) + max(listed), SELECT_BYTES)
    await session.keep(effects, "select", input=most)


def chosen(session: Session, state: State, best: Candidate) -> Command[Any]:
    """Ends the run with a candidate."""
    reason = best.get("reason", "")
    return end(session, state, best["status"], best["answer"], best["why"], reason)


async def judged(session: Session, effects: Effects, candidates: Sequence[Candidate]) -> Candidate:
    """Returns the candidate that the policy as a judge prefers; without a judge, the majority's."""
    kept = sound(candidates, session.loop)
    if len({plain(c["answer"] or "") for c in kept}) == 1:
        return kept[0]
    room = SELECT_BYTES // len(kept)
    listed = "\n\n".join(_listed(place, c, room) for place, c in enumerate(kept, start=1))
    question = Message("user", f"{prompt('select').text}\n\n{listed}")
    asked = (*session.trajectory.messages[:2], question)
    schema = narrowed(schema_of(JudgeChoice), choice=range(1, len(kept) + 1))
    choice = await ask_for(JudgeChoice, effects, asked, purpose="select", schema=schema)
    if choice is None or not 1 <= choice.choice <= len(kept):
        return majority(kept, session.loop)
    return kept[choice.choice - 1]


def _rank(found: Candidate) -> int:
    if not found["verdict"]:
        return 1 if found["status"] == "answered" else 2
    return {"success": 0, "continue": 3, "pivot": 4}[found["verdict"]]


def _old_rank(found: Candidate) -> int:
    return 2 * (found["verdict"] != "success") + (found["status"] != "answered")


def _listed(place: int, found: Candidate, room: int) -> str:
    checked = f"\nVerifier: {found['verdict']}. {found['why']}" if found["verdict"] else ""
    text = f"Candidate {place}: {found['answer']}{checked}"
    return text.encode()[:room].decode("utf-8", "ignore")
