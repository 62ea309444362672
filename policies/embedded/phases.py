"""What the reader of the Almanac says when a planner asks for a plan, a verdict or notes.

Planners head such a request with a line `# …`; the reader goes by that line. It judges by what
the conversation shows and nothing else.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .grammar import RELATIONS, UNKNOWN, Question, Statement, clause
from .transcript import AGREED, Transcript
from .walks import Walk, can_check, next_calls, verdict, walk

_CANDIDATE = re.compile(
    r"^(?:Candidate|Draft) (\d+):(.*?)(?=^(?:Candidate|Draft) \d+:|\Z)", re.M | re.S
)
_ANSWER = re.compile(r"Answer:[ \t]*(\S[^\n]*)")


def phase_reply(transcript: Transcript, question: Question) -> str | None:
    """Returns the text that the last message asks for, or None if it asks for no such thing."""
    speak = _PHASES.get(transcript.phase)
    return speak(transcript, question) if speak else None


def facts_text(transcript: Transcript) -> str:
    """Returns all facts that are known as sentences that the reader can read again."""
    return " ".join(f"{_sentence(fact)}." for fact in transcript.facts.values())


def _sentence(fact: Statement) -> str:
    relation = RELATIONS.get(fact.relation)
    return clause(fact, relation.phrases[0]) if relation else clause(fact)


def _plan(transcript: Transcript, question: Question) -> str:
    hops = _hops(question)
    steps = [{"id": str(place), "text": text} for place, text in enumerate(hops, start=1)]
    return json.dumps(
        {"exploration": hops, "verification": ["no fact on the way is old"], "steps": steps}
    )


def _steps(transcript: Transcript, question: Question) -> str:
    return json.dumps({"steps": _hops(question)})


def _hops(question: Question) -> list[str]:
    return [
        f"Find the {relation} of {route.start if place == 0 else 'what was found'}"
        for route in question.routes
        for place, relation in enumerate(route.relations)
    ]


def _verify(transcript: Transcript, question: Question) -> str:
    believing = replace(transcript, tools={})
    walks = [walk(route, believing) for route in question.routes]
    checks = [check for found in walks for check in _checks(found, transcript)]
    answer = _final(transcript.said)
    known = verdict(question, walks, transcript)
    calls = [] if known else next_calls(question, walks, transcript)
    doubts = [fact for found in walks for fact in found.facts if can_check(fact, transcript)]
    if known is not None and answer != known.casefold():
        decision, why = "pivot", f"what is known tells {known}"
        checks.append({"condition": f"the answer is {answer}", "state": "contradicted"})
    elif all(check["state"] == "satisfied" for check in checks):
        decision, why = "success", "every fact on the way is known"
    elif answer == UNKNOWN and not calls:
        decision, why = "success", "nothing is left to be tried"
        checks = [{"condition": "nothing is left to be tried", "state": "satisfied"}]
    else:
        decision = "continue" if calls or doubts else "pivot"
        why = "a fact on the way is missing or old"
    advice = "look again for what is missing, and open what is old" if decision != "success" else ""
    return json.dumps(
        {
            "checks": checks, "decision": decision, "why": why,
            "summary": facts_text(transcript), "advice": advice,
        }
    )  # fmt: skip


def _checks(found: Walk, transcript: Transcript) -> list[dict[str, Any]]:
    return [
        {
            "condition": _sentence(fact),
            "state": "unverifiable" if can_check(fact, transcript) else "satisfied",
        }
        for fact in found.facts
    ] + [{"condition": f"the {r} is known", "state": "unverifiable"} for r in found.left]


def _select(transcript: Transcript, question: Question) -> str:
    found = _CANDIDATE.findall(transcript.asked)
    answers = {int(number): _final(text) for number, text in found}
    votes = Counter(answers.values())
    best = max(answers, key=lambda number: (votes[answers[number]], -number), default=1)
    return json.dumps({"choice": best, "why": "most candidates say so"})


def _distil(transcript: Transcript, question: Question) -> str:
    answers = {_final(text) for _, text in _CANDIDATE.findall(transcript.asked)}
    agreed = f"{AGREED} {answers.pop()}" if len(answers) == 1 else ""
    return "\n".join(filter(None, (facts_text(transcript), agreed))) or "The drafts differ."


def _value(transcript: Transcript, question: Question) -> str:
    """Returns the share of the way that is known, less what is old; an answer has to end it."""
    believing = replace(transcript, tools={})
    walks = [walk(route, believing) for route in question.routes]
    hops = sum(len(route.relations) for route in question.routes)
    known = sum(1.0 - can_check(fact, transcript) / 2 for w in walks for fact in w.facts)
    found = verdict(question, walks, transcript)
    answer = _final(transcript.said)
    right = not answer or (answer == found.casefold() if found else answer == UNKNOWN)
    return json.dumps({"score": round(1 + 9 * known / hops) if right else 1})


def _reflect(transcript: Transcript, question: Question) -> str:
    return f"Advice: look again for what is missing.\n{facts_text(transcript)}"


def _criticise(transcript: Transcript, question: Question) -> str:
    return json.dumps({"decision": "go"})


def _mode(transcript: Transcript, question: Question) -> str:
    return json.dumps({"mode": "agentic", "effort": 1.0})


def _final(text: str) -> str:
    answers = _ANSWER.findall(text)
    return answers[-1].strip(" .").casefold() if answers else ""


_PHASES: dict[str, Callable[[Transcript, Question], str]] = {
    "Plan the search": _plan,
    "Plan the steps": _steps,
    "Verify the answer": _verify,
    "Select an answer": _select,
    "Distil the drafts": _distil,
    "Reflect on the attempt": _reflect,
    "Look before acting": _criticise,
    "Choose how to go about it": _mode,
    "Judge the progress": _value,
}
