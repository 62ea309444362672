"""What is found out for a planner's request, and its text in the form that the planner reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ...benchmarks.suites.almanac.grammar import RELATIONS, RelationPath, Statement, clause
from .lookups import LookUp, missing
from .transcript import AGREED

PLAN, STEPS = "Plan the search", "Plan the steps"
VERIFY, VALUE = "Verify the answer", "Judge the progress"
SELECT, DISTIL = "Select an answer", "Distil the drafts"
REFLECT, SUMMARISE = "Reflect on the attempt", "Summarise the work so far"
CRITICISE, MODE = "Look before acting", "Choose how to go about it"
"""The headings of the requests."""
SUCCESS, CONTINUE, PIVOT = "success", "continue", "pivot"
GO, STOP = "go", "stop"
AGENTIC, REASONING, INSTANT = "agentic", "reasoning", "instant"
_SATISFIED = "satisfied"


@dataclass(frozen=True, kw_only=True)
class PhaseAnswer:
    """What a request is answered with; which fields matter depends on its heading."""

    phase: str
    """The heading of the request."""
    routes: tuple[RelationPath, ...] = ()
    """The plan."""
    look_ups: tuple[LookUp, ...] = ()
    """What was read along the way."""
    facts: tuple[Statement, ...] = ()
    """What notes are to keep."""
    tried: tuple[tuple[str, str], ...] = ()
    """Tools with the arguments of calls that need not be made again."""
    titles: tuple[str, ...] = ()
    """Titles of documents that tell apart what shares a name."""
    given: str = ""
    """The answer that is judged, or ""."""
    answer: str = ""
    """What is known to be the answer, chosen, or agreed on; "" where there is no such thing."""
    decision: str = ""
    number: int = 1
    """The score, or the number of the candidate chosen."""


def written(finding: PhaseAnswer) -> str:
    """Returns a finding as the text or JSON that the planner asked for."""
    return _WRITERS[finding.phase](finding)


def facts_text(facts: Iterable[Statement]) -> str:
    """Returns facts as sentences that can be read again."""
    return " ".join(f"{_sentence(fact)}." for fact in facts)


def notes(facts: Iterable[Statement], tried: Iterable[str]) -> str:
    """Returns all that is known, and what was tried."""
    listed = "; ".join(tried)
    return f"{facts_text(facts)}\nTried: {listed}" if listed else "Nothing yet."


def tried_text(tried: Iterable[tuple[str, str]]) -> list[str]:
    """Returns calls as notes name them."""
    return [f'{tool} "{argument}"' for tool, argument in tried]


def same(answer: str, other: str) -> bool:
    """Says whether two answers are the same but for case and a full stop."""
    return answer.strip(" .").casefold() == other.strip(" .").casefold()


def _sentence(fact: Statement) -> str:
    relation = RELATIONS.get(fact.relation)
    return clause(fact, relation.phrases[0]) if relation else clause(fact)


def _hops(finding: PhaseAnswer) -> list[str]:
    return [
        f"Find the {relation} of {route.start if place == 0 else 'what was found'}"
        for route in finding.routes
        for place, relation in enumerate(route.relations)
    ] or ["Find the answer"]


def _plan(finding: PhaseAnswer) -> str:
    hops = _hops(finding)
    steps = [{"id": str(place), "text": text} for place, text in enumerate(hops, start=1)]
    return json.dumps(
        {"exploration": hops, "verification": ["no fact on the way is old"], "steps": steps}
    )


def _steps(finding: PhaseAnswer) -> str:
    return json.dumps({"steps": _hops(finding)})


def _verdict(finding: PhaseAnswer) -> str:
    checks = [*_checks(finding)]
    why = "a fact on the way is missing or old"
    if finding.decision == SUCCESS:
        why = "every fact on the way is known"
        checks = [check for check in checks if not finding.answer or check["state"] == _SATISFIED]
        if not all(check["state"] == _SATISFIED for check in checks):
            why = "nothing is left to be tried"
            checks = [{"condition": why, "state": _SATISFIED}]
    elif finding.answer and not same(finding.answer, finding.given):
        why = f"what is known tells {finding.answer}"
        checks.append({"condition": f"the answer is {finding.given}", "state": "contradicted"})
    done = finding.decision == SUCCESS
    return json.dumps(
        {
            "checks": checks, "decision": finding.decision, "why": why,
            "summary": facts_text(finding.facts),
            "advice": "" if done else "look again for what is missing, and open what is old",
        }
    )  # fmt: skip


def _checks(finding: PhaseAnswer) -> list[dict[str, Any]]:
    facts = [
        {
            "condition": _sentence(look_up.found),
            "state": "unverifiable" if look_up.is_open else _SATISFIED,
        }
        for look_up in finding.look_ups
        if look_up.found is not None and look_up.tells
    ]
    left = missing(finding.look_ups)
    return facts + [{"condition": f"the {r} is known", "state": "unverifiable"} for r in left]


def _value(finding: PhaseAnswer) -> str:
    return json.dumps({"score": min(max(finding.number, 1), 10)})


def _select(finding: PhaseAnswer) -> str:
    return json.dumps({"choice": max(finding.number, 1), "why": "most candidates say so"})


def _distil(finding: PhaseAnswer) -> str:
    agreed = f"{AGREED} {finding.answer}" if finding.answer else ""
    return "\n".join(filter(None, (facts_text(finding.facts), agreed))) or "The drafts differ."


def _reflect(finding: PhaseAnswer) -> str:
    return f"Advice: look again for what is missing.\n{facts_text(finding.facts)}"


def _summary(finding: PhaseAnswer) -> str:
    return notes(finding.facts, (*tried_text(finding.tried), *finding.titles))


def _critique(finding: PhaseAnswer) -> str:
    why = "" if finding.decision == GO else "it is not needed now"
    return json.dumps({"decision": finding.decision, **({"why": why} if why else {})})


def _mode(finding: PhaseAnswer) -> str:
    return json.dumps({"mode": finding.decision, "effort": 1.0})


_WRITERS: dict[str, Callable[[PhaseAnswer], str]] = {
    PLAN: _plan,
    STEPS: _steps,
    VERIFY: _verdict,
    VALUE: _value,
    SELECT: _select,
    DISTIL: _distil,
    REFLECT: _reflect,
    SUMMARISE: _summary,
    CRITICISE: _critique,
    MODE: _mode,
}
