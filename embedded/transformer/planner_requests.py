"""Requests that are no turn, in the transformer's dialect: plans, verdicts, choices, notes.

The transcript of such a request ends with its mark and what it shows; the reply is look-ups along
the way, calls that were made, what is known to be the answer, and a decision or a number:

    … <a> Memu <e> <verify> <a> Memu
    <t> mayor Vokizu birthplace : Navazi . Navazi mayor : Memu (old) ? . <a> Memu continue <e>

A plan is the ways themselves: `Vokizu birthplace mayor . <e>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...benchmarks.suites.almanac.grammar import NAME, RELATIONS, RelationPath, read_statements
from ...journal.records import Request
from ..reader.lookups import read_look_ups, told
from ..reader.memory_notes import REPORT, STATE, noted, texts_of, with_notes
from ..reader.planner_replies import (
    AGENTIC,
    CONTINUE,
    CRITICISE,
    DISTIL,
    GO,
    INSTANT,
    MODE,
    PIVOT,
    PLAN,
    REASONING,
    SELECT,
    STEPS,
    STOP,
    SUCCESS,
    VALUE,
    VERIFY,
    PhaseAnswer,
    written,
)
from ..reader.planner_requests import candidates, final
from ..reader.transcript import Transcript, read_transcript
from .dialect import answer_ids, call_ids, message_ids, prompt_ids, read_turn
from .vocabulary import BUDGETS, DECISIONS, END, IDS, PHASES, TURN, VOCABULARY, encode

_ROUTE = re.compile(rf"({NAME})((?: (?:{'|'.join(RELATIONS)}))+) \.")
_DECISIONS = {
    VERIFY: (CONTINUE, SUCCESS, PIVOT),
    CRITICISE: (GO, STOP),
    MODE: (AGENTIC, REASONING, INSTANT),
}
"""What a request may be decided as; the first one stands for whatever else is said."""
_NUMBERED = (VALUE, SELECT)


def phase_of(request: Request) -> str:
    """Returns the heading of a request that is no turn, else ""."""
    last = request.messages[-1]
    if last.role != "user":
        return ""
    heading = read_transcript(Request((last,))).phase
    return heading if heading in PHASES else ""


def request_ids(request: Request) -> list[int]:
    """Returns the transcript of a request for a turn or anything else, up to the last `<t>`."""
    phase = phase_of(request)
    if not phase:
        return prompt_ids(request)
    shown = _shown(read_transcript(request))
    return [*message_ids(request.messages[:-1]), IDS[PHASES[phase]], *shown, IDS[TURN]]


def reply_ids(finding: PhaseAnswer) -> list[int]:
    """Returns a finding as the transformer writes it, from after `<t>` to `<e>`."""
    ways = [" ".join((route.start, *route.relations, ".")) for route in finding.routes]
    found = encode(" ".join((*ways, *map(str, finding.look_ups))))
    found += [*call_ids(finding.tried), *answer_ids(finding.answer)]
    if finding.decision:
        found.append(IDS[finding.decision])
    if finding.phase in _NUMBERED:
        found.append(_number(finding.number))
    return [*found, IDS[END]]


def read_reply(phase: str, ids: Sequence[int]) -> PhaseAnswer:
    """Returns the finding in what the transformer wrote; what is malformed does no harm."""
    said = list(ids[: ids.index(IDS[END])]) if IDS[END] in ids else list(ids)
    tokens = [VOCABULARY[place] for place in said]
    turn = read_turn([place for place in said if VOCABULARY[place] not in _LAST_WORDS])
    allowed = _DECISIONS.get(phase, ("",))
    numbers = [BUDGETS.index(token) for token in tokens if token in BUDGETS]
    found = read_look_ups(turn.thought)
    return PhaseAnswer(
        phase=phase,
        routes=tuple(_routes(turn.thought)) if phase in (PLAN, STEPS) else (),
        look_ups=found,
        facts=tuple(dict.fromkeys(told(found))),
        tried=turn.calls,
        answer=turn.answer or "",
        decision=next((t for t in reversed(tokens) if t in allowed), allowed[0]),
        number=numbers[-1] if numbers else 1,
    )


def phase_text(request: Request, ids: Sequence[int]) -> str:
    """Returns what the transformer wrote for a request that is no turn, as its planner reads it."""
    finding = read_reply(phase_of(request), ids)
    return written(replace(finding, given=final(read_transcript(request).said)))


def remembered(content: str, request: Request) -> str:
    """Returns what a turn says, with the notes that the memory in force asks for.

    They hold what earlier notes tell, and what the look-ups do that are in view.
    """
    system = "\n".join(texts_of(request, "system"))
    if REPORT not in system and STATE not in system:
        return content
    before = read_statements("\n".join(texts_of(request, "user")))
    read = told(read_look_ups("\n".join((*texts_of(request, "assistant"), content))))
    transcript = with_notes(read_transcript(request), request)
    return noted(content, replace(transcript, statements=(*before, *read)), request)


_LAST_WORDS = frozenset((*DECISIONS, *BUDGETS))


def _shown(transcript: Transcript) -> Iterator[int]:
    """Yields what a request shows: the answer that is judged, or candidates by their numbers."""
    if transcript.phase in (VERIFY, VALUE):
        yield from answer_ids(final(transcript.said))
    if transcript.phase not in (SELECT, DISTIL):
        return
    for number, text in candidates(transcript.asked):
        yield _number(number)
        if transcript.phase == DISTIL:
            yield from encode(" ".join(map(str, read_look_ups(text))))
        yield from answer_ids(final(text))


def _number(number: int) -> int:
    return IDS[BUDGETS[min(max(number, 0), len(BUDGETS) - 1)]]


def _routes(text: str) -> Iterator[RelationPath]:
    for start, relations in _ROUTE.findall(text):
        yield RelationPath(start, tuple(relations.split()))
