"""What rules find out when a planner asks for a plan, a verdict, a choice or notes.

Planners head such a request with a line `# …`; the rules go by that line. They judge by what the
conversation shows and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from ...benchmarks.suites.almanac.grammar import KINDS, NAME, UNKNOWN, ParsedQuestion
from . import planner_replies
from .lookups import LookUp, look_ups, missing, read_look_ups, told
from .planner_replies import AGENTIC, CONTINUE, GO, PIVOT, SUCCESS, PhaseAnswer, same
from .transcript import Transcript
from .walks import next_calls, verdict, walk

_CANDIDATE = re.compile(
    r"^(?:Candidate|Draft) (\d+):(.*?)(?=^(?:Candidate|Draft) \d+:|\Z)", re.M | re.S
)
_ANSWER = re.compile(r"Answer:[ \t]*(\S[^\n]*)")
_TITLE = re.compile(rf"{NAME} \((?:{'|'.join(KINDS)})\)")


def find(transcript: Transcript, question: ParsedQuestion) -> PhaseAnswer | None:
    """Returns what the last message asks for, or None if it asks for no such thing."""
    seek = _PHASES.get(transcript.phase)
    if seek is None:
        return None
    known = tuple(transcript.facts.values())
    return seek(transcript, question, PhaseAnswer(phase=transcript.phase, facts=known))


def candidates(text: str) -> list[tuple[int, str]]:
    """Returns the numbered candidates or drafts that a request lists, with their texts."""
    return [(int(number), said) for number, said in _CANDIDATE.findall(text)]


def final(text: str) -> str:
    """Returns the last answer that a text gives, or ""."""
    answers = _ANSWER.findall(text)
    return answers[-1].strip(" .") if answers else ""


def titles(transcript: Transcript) -> tuple[str, ...]:
    """Returns the titles seen that tell apart what shares a name."""
    return tuple(dict.fromkeys(_TITLE.findall(transcript.text)))


def _plan(transcript: Transcript, question: ParsedQuestion, found: PhaseAnswer) -> PhaseAnswer:
    return replace(found, routes=question.routes)


def _judged(transcript: Transcript, question: ParsedQuestion, found: PhaseAnswer) -> PhaseAnswer:
    """Returns a finding with what was read along the way, and what that tells."""
    believing = replace(transcript, tools={})
    walks = [walk(route, believing) for route in question.routes]
    return replace(
        found,
        look_ups=look_ups(question, transcript),
        given=final(transcript.said),
        answer=verdict(question, walks, transcript) or "",
    )


def _verify(transcript: Transcript, question: ParsedQuestion, found: PhaseAnswer) -> PhaseAnswer:
    found = _judged(transcript, question, found)
    believing = replace(transcript, tools={})
    walks = [walk(route, believing) for route in question.routes]
    calls = [] if found.answer else next_calls(question, walks, transcript)
    is_open = any(look_up.is_open for look_up in found.look_ups)
    is_known = bool(found.answer) or not missing(found.look_ups)
    if found.answer and not same(found.answer, found.given):
        decision = PIVOT
    elif (is_known and not is_open) or (same(found.given, UNKNOWN) and not calls):
        decision = SUCCESS
    else:
        decision = CONTINUE if calls or is_open else PIVOT
    return replace(found, decision=decision)


def _value(transcript: Transcript, question: ParsedQuestion, found: PhaseAnswer) -> PhaseAnswer:
    """Scores the share of the way that is known, less what is old; an answer has to end it."""
    found = _judged(transcript, question, found)
    hops = sum(len(route.relations) for route in question.routes)
    known = sum(1.0 - look_up.is_open / 2 for look_up in found.look_ups if look_up.tells)
    is_open = not found.given or (question.form == "which" and not found.answer)
    is_right = is_open or same(found.given, found.answer or UNKNOWN)
    return replace(found, number=round(1 + 9 * known / hops) if is_right else 1)


def _select(transcript: Transcript, question: ParsedQuestion, found: PhaseAnswer) -> PhaseAnswer:
    answers = {number: final(text) for number, text in candidates(transcript.asked)}
    votes = Counter(answer.casefold() for answer in answers.values())
    best = max(answers, key=lambda n: (votes[answers[n].casefold()], -n), default=1)
    return replace(found, answer=answers.get(best, ""), number=best)


def _distil(transcript: Transcript, question: ParsedQuestion, found: PhaseAnswer) -> PhaseAnswer:
    drafts = candidates(transcript.asked)
    read = told(read_look_ups("\n".join(text for _, text in drafts)))
    knowing = replace(transcript, statements=(*transcript.statements, *read))
    answers = {final(text).casefold() for _, text in drafts}
    return replace(
        found,
        look_ups=_closed(knowing, question),
        facts=tuple(knowing.facts.values()),
        answer=answers.pop() if len(answers) == 1 else "",
    )


def _reflect(transcript: Transcript, question: ParsedQuestion, found: PhaseAnswer) -> PhaseAnswer:
    return replace(found, look_ups=_closed(transcript, question))


def _summarise(transcript: Transcript, question: ParsedQuestion, found: PhaseAnswer) -> PhaseAnswer:
    return replace(
        found,
        look_ups=_closed(transcript, question),
        tried=transcript.tried,
        titles=titles(transcript),
    )


def _closed(transcript: Transcript, question: ParsedQuestion) -> tuple[LookUp, ...]:
    """Returns the look-ups along the way where it does not matter what can be checked."""
    return look_ups(question, replace(transcript, tools={}))


def _criticise(transcript: Transcript, question: ParsedQuestion, found: PhaseAnswer) -> PhaseAnswer:
    return replace(found, decision=GO)


def _mode(transcript: Transcript, question: ParsedQuestion, found: PhaseAnswer) -> PhaseAnswer:
    return replace(found, decision=AGENTIC)


_PHASES: dict[str, Callable[[Transcript, ParsedQuestion, PhaseAnswer], PhaseAnswer]] = {
    planner_replies.PLAN: _plan,
    planner_replies.STEPS: _plan,
    planner_replies.VERIFY: _verify,
    planner_replies.SELECT: _select,
    planner_replies.DISTIL: _distil,
    planner_replies.REFLECT: _reflect,
    planner_replies.SUMMARISE: _summarise,
    planner_replies.CRITICISE: _criticise,
    planner_replies.MODE: _mode,
    planner_replies.VALUE: _value,
}
