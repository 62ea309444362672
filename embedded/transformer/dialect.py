"""Chat requests as the transformer's transcript, and its turns as chat messages.

A transcript reads

    <q> What is the mayor of Vokizu 's birthplace ? <b> n16
    <t> mayor Vokizu birthplace : none . <s> Vokizu birthplace <e>
    <obs> [ Vokizu ] Vokizu was born in Navazi . <b> n15
    <t> mayor Vokizu birthplace : Navazi . Navazi mayor : none . <s> Navazi mayor <e>

A thought is a list of look-ups: the relations that come after, a name, the relation asked of it,
and what the observations so far say. A transcript only grows from turn to turn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...benchmarks.suites.almanac.grammar import UNKNOWN, read_statements
from ...journal.arguments import MalformedArguments, read_arguments
from ...journal.notices import (
    FAILURES,
    DeniedCall,
    Notice,
    RefusedCall,
    WithdrawnTools,
    notices_of,
)
from ...journal.records import Message, Request, ToolCall
from ..reader.memory_notes import STATE, tried_in
from ..reader.planner_replies import facts_text
from ..reader.transcript import AGREED_ON, SENT_ON, read_purse
from .vocabulary import (
    AMPLE,
    ANSWER,
    BUDGET,
    END,
    ERROR,
    IDS,
    LAST,
    MORE,
    MOST_UNITS,
    OBSERVATION,
    OPEN,
    QUESTION,
    SEARCH,
    TOLD,
    TURN,
    decode,
    encode,
)

_QUESTION = re.compile(r"(?<!\w)(?:Who is|What is|Are|Which of) [^?\n]*\?")
_BUDGET = re.compile(r"<budget>.*?(?:</budget>|\Z)", re.DOTALL)
_ANSWER = re.compile(r"^Answer:(.*)\Z", re.MULTILINE | re.DOTALL)
_NOTES = re.compile(r"<(report|state)>.*?(?:</\1>|\Z)\s*", re.DOTALL)
_REF = re.compile(r"^\[r\d+\] ")
_HIDDEN = re.compile(r"\[r\d+ is out of view\]|pruned\b")
_FAILED = (*FAILURES, RefusedCall, DeniedCall)
"""What `<err>` stands for."""
_MARK_OF = {"search": SEARCH, "open": OPEN}
_TOOL_OF = {IDS[mark]: tool for tool, mark in _MARK_OF.items()}
_WORDS = (UNKNOWN, "yes", "no")
"""Answers that are no names."""
_PARAMETER = {"search": "query", "open": "name"}


@dataclass(frozen=True, kw_only=True)
class DialectTurn:
    """What the policy says in one turn: a thought, then calls or an answer."""

    thought: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    """Tools with their arguments."""
    answer: str | None = None

    def ids(self) -> list[int]:
        """Returns the turn as the transformer writes it, from `<t>` to `<e>`."""
        found = [IDS[TURN], *encode(self.thought)]
        for tool, argument in self.calls:
            found += [IDS[_MARK_OF[tool]], *encode(argument)]
        if self.answer is not None:
            found += [IDS[ANSWER], *encode(self.answer)]
        return [*found, IDS[END]]

    def message(self, place: int) -> Message:
        """Returns the turn as an assistant's message; `place` makes the ids of calls its own."""
        if self.answer is not None or not self.calls:
            text = f"{self.thought}\nAnswer: {self.answer or UNKNOWN}".strip()
            return Message("assistant", text)
        calls = (
            ToolCall(f"call_{place}_{number}", tool, json.dumps({_PARAMETER[tool]: argument}))
            for number, (tool, argument) in enumerate(self.calls)
        )
        return Message("assistant", self.thought, tuple(calls))


def read_turn(ids: Sequence[int]) -> DialectTurn:
    """Returns the turn in what the transformer wrote after `<t>`; what is malformed is left out."""
    parts: list[tuple[int | None, list[int]]] = [(None, [])]
    for place in ids:
        if place == IDS[END]:
            break
        if place in _TOOL_OF or place == IDS[ANSWER]:
            parts.append((place, []))
        else:
            parts[-1][1].append(place)
    answers = [decode(said) for mark, said in parts if mark == IDS[ANSWER] and said]
    calls = [(_TOOL_OF[mark], decode(said)) for mark, said in parts if mark in _TOOL_OF and said]
    return DialectTurn(
        thought=decode(parts[0][1]),
        calls=() if answers else tuple(calls),
        answer=answers[0] if answers else None,
    )


def prompt_ids(request: Request) -> list[int]:
    """Returns the transcript of a request, up to the `<t>` of the next turn."""
    found = message_ids(request.messages)
    if not _may_call(request):
        found.append(IDS[LAST])
    return [*found, IDS[TURN]]


def message_ids(messages: Iterable[Message]) -> list[int]:
    """Returns the transcript of messages; a state carried along is told after the question."""
    shown = list(messages)
    states = [message for message in shown if _is_state(message)]
    others = [message for message in shown if not _is_state(message)]
    head = next((n for n, m in enumerate(others, 1) if m.role == "user"), 0)
    ordered = [*others[:head], *states, *others[head:]]
    return [place for message in ordered for place in _message_ids(message)]


def question_ids(question: str, units: int | None) -> list[int]:
    """Returns the head of a transcript: the question and the budget in prices of a search."""
    return [IDS[QUESTION], *encode(question), *budget_ids(units)]


def observation_ids(text: str, units: int | None, *notices: Notice) -> list[int]:
    """Returns what a tool answered, what else is told, and the budget after it."""
    return [*_result_ids(text, notices), *budget_ids(units)]


def budget_ids(units: int | None) -> list[int]:
    """Returns the budget line; nothing where no budget is known."""
    if units is None:
        return []
    token = f"n{max(units, 0)}" if units <= MOST_UNITS else AMPLE
    return [IDS[BUDGET], IDS[token]]


def _may_call(request: Request) -> bool:
    purse = read_purse("\n".join(m.content for m in request.messages if m.role != "assistant"))
    is_open = bool(request.tools) and request.tool_choice != "none"
    return is_open and not (purse and purse.is_last_turn)


def _is_state(message: Message) -> bool:
    return message.role == "user" and message.content.startswith(STATE)


def _message_ids(message: Message) -> Iterator[int]:
    role, text = message.role, message.content
    if role == "assistant":
        yield from _said(message).ids()
    elif role == "tool":
        shown = _REF.sub("", _BUDGET.sub("", text))
        yield from _result_ids(shown, notices_of(message.notice))
    elif role == "user":
        asked = _QUESTION.search(text)
        if asked:
            yield from (IDS[QUESTION], *encode(asked[0]))
        else:
            yield IDS[MORE if text.startswith(SENT_ON) else TOLD]
        yield from _notes_ids(text)
    if role in ("tool", "user") and (purse := read_purse(text)):
        yield from budget_ids(purse.calls_left("search"))


def call_ids(calls: Iterable[tuple[str, str]]) -> list[int]:
    """Returns calls that were made, whatever the case of their arguments."""
    made = ((_MARK_OF[tool], argument.capitalize()) for tool, argument in calls)
    return [place for mark, argument in made for place in (IDS[mark], *encode(argument))]


def answer_ids(answer: str) -> list[int]:
    """Returns an answer that is shown; nothing where it is ""."""
    return [IDS[ANSWER], *encode(named(answer))] if answer else []


def named(answer: str) -> str:
    """Returns an answer in the case of the Almanac, whatever its own."""
    return answer.casefold() if answer.casefold() in _WORDS else answer.capitalize()


def _notes_ids(text: str) -> list[int]:
    """Returns what notes tell: facts, calls that were made, and an answer that drafts agree on."""
    agreed = AGREED_ON.findall(text)
    shown = answer_ids(agreed[-1].strip(" .")) if agreed else []
    return [*encode(facts_text(read_statements(text))), *call_ids(tried_in(text)), *shown]


def _result_ids(text: str, notices: Sequence[Notice]) -> list[int]:
    """Returns what a tool answered; `<err>` says that it failed, or that a tool is used up."""
    if any(isinstance(notice, _FAILED) for notice in notices):
        return [IDS[ERROR]]
    if _HIDDEN.match(text):
        return [IDS[OBSERVATION]]
    told, _, _ = text.partition("\n\n")
    withdrawn = any(isinstance(notice, WithdrawnTools) for notice in notices)
    return [IDS[OBSERVATION], *encode(told), *([IDS[ERROR]] if withdrawn else [])]


def _said(message: Message) -> DialectTurn:
    text = _NOTES.sub("", message.content)
    calls = tuple(_calls(message.tool_calls))
    answers = [] if calls else _ANSWER.findall(text)
    thought = _ANSWER.sub("", text).strip()
    return DialectTurn(
        thought=thought, calls=calls, answer=answers[-1].strip() if answers else None
    )


def _calls(calls: Iterable[ToolCall]) -> Iterator[tuple[str, str]]:
    for call in calls:
        if call.name not in _MARK_OF:
            continue
        try:
            yield call.name, next(map(str, read_arguments(call.arguments).values()))
        except (MalformedArguments, StopIteration):
            continue
