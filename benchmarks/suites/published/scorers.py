"""What judges short answers, numbers and choices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ....planners import final_answer
from ...suite import Task
from .answers import AnswerMatch, best, compare_facts, joint, normalise

SOURCES = "Sources:"
"""Begins the line of a reply that names the supporting facts."""

_NUMBER = re.compile(
    r"(?<![\w.])[-−]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)"
)
_STRICT = re.compile(rf"(?:####|^Answer:) \$?({_NUMBER.pattern})", re.MULTILINE)
_DENIES = re.compile(
    r"\b(?:not|never|no|neither|nor|instead|rather|unless|if)\b|n't\b|\?", re.IGNORECASE
)
_STATES = re.compile(
    rf"(?:\b(?:is|are|was|were|be|equals|has|have|had|makes?|costs?|needs?|total(?:s|ing)?|of|gets?"
    rf"|earns?|pays?|left|takes?|receives?|spen[dt]s?)\b|=|≈|:)[^0-9]{{0,40}}?({_NUMBER.pattern})"
    r"[^0-9=]*$",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"\W*[A-Z](?:(?:\s*,\s*|\s+and\s+|\s+)[A-Z])*\W*", re.IGNORECASE)
_FIRST_LETTER = re.compile(r"\W{0,2}([A-Z])[).:]\s")


@dataclass(frozen=True, kw_only=True)
class ShortAnswerScorer:
    """Full marks for an exact match with an accepted answer, by the official normalisation."""

    closed: bool = True
    """HotpotQA's rule about yes and no: see `answers.compare`."""

    def score(self, task: Task, answer: str | None) -> float:
        return 0.0 if answer is None else self._match(task, answer).em

    def metrics(self, task: Task, text: str | None) -> Mapping[str, float]:
        """Returns em, f1, precision and recall of the answer in a reply.

        Where the task has supporting facts also `support_em`, `support_f1`, `joint_em` and
        `joint_f1`: of the facts that the reply's `Sources:` line names.
        """
        match = self._match(task, text or "")
        found = {"em": match.em, "f1": match.f1, "precision": match.precision}
        found["recall"] = match.recall
        wanted = frozenset(map(_fact, task.metadata.get("support", ())))
        if wanted:
            facts = compare_facts(_sources(text or ""), wanted)
            both = joint(match, facts)
            found |= {"support_em": facts.em, "support_f1": facts.f1}
            found |= {"joint_em": both.em, "joint_f1": both.f1}
        return found

    def _match(self, task: Task, text: str) -> AnswerMatch:
        return best(final_answer(text), task.gold, closed=self.closed)


class IncludesScorer:
    """Full marks if an accepted answer stands anywhere in the final answer, as whole words."""

    def score(self, task: Task, answer: str | None) -> float:
        said = f" {normalise(final_answer(answer or ''))} "
        return float(any(f" {words} " in said for gold in task.gold if (words := normalise(gold))))


class NumberScorer:
    """Full marks if the final answer is a number and that is an accepted one.

    Units and thousands commas do not matter. Of a final answer that is a text the number counts
    with which its last sentence states a result, unless that denies or asks.
    """

    def score(self, task: Task, answer: str | None) -> float:
        said = None if answer is None else stated_number(final_answer(answer))
        return float(said is not None and said in _numbers(task))

    def metrics(self, task: Task, text: str | None) -> Mapping[str, float]:
        """Returns both matches of lm-evaluation-harness's task gsm8k.

        `strict_match` wants the number after `####` (or, as our prompts ask, after `Answer:`),
        `flexible_extract` takes the last number in the reply.
        """
        marked = _STRICT.findall(text or "")
        every = _NUMBER.findall(text or "")
        return {
            name: float(bool(found) and _value(found[-1]) in _numbers(task))
            for name, found in (("strict_match", marked), ("flexible_extract", every))
        }


class MultipleChoiceScorer:
    """Full marks for naming the right letters, or for the text of the only right choice."""

    def score(self, task: Task, answer: str | None) -> float:
        choices: tuple[str, ...] = task.metadata["choices"]
        said = final_answer(answer or "").strip()
        return float(_chosen(said, choices) == frozenset(task.gold[0].split(", ")))


def number(text: str) -> Decimal | None:
    """Returns the number in a text, or None if there is none or more than one."""
    found = _NUMBER.findall(text)
    return _value(found[0]) if len(found) == 1 else None


def stated_number(text: str) -> Decimal | None:
    """Returns the only number of a line, or the one that the last sentence of a text states."""
    is_short = "\n" not in text and len(text.split()) <= _SHORT
    if is_short and not _DENIES.search(text) and (only := number(text)) is not None:
        return only
    last = re.split(r"(?<=[.!?])\s+|\n+", text.strip())[-1]
    found = None if _DENIES.search(last) else _STATES.search(last)
    return None if found is None else _value(found[1])


_SHORT = 12
"""Words of an answer that is no explanation."""


def _numbers(task: Task) -> set[Decimal | None]:
    return {number(gold) for gold in task.gold}


def _value(written: str) -> Decimal:
    return Decimal(written.replace(",", "").replace("−", "-"))


def _chosen(said: str, choices: tuple[str, ...]) -> frozenset[str]:
    letters = [chr(ord("A") + place) for place in range(len(choices))]
    for letter, choice in zip(letters, choices, strict=True):
        if said.casefold() == choice.strip().casefold():
            return frozenset({letter})
    if _LETTERS.fullmatch(said):
        return frozenset(re.findall(r"\b[A-Z]\b", said.upper()))
    first = _FIRST_LETTER.match(said)
    return frozenset({first[1]} if first else ())


def _sources(text: str) -> frozenset[str]:
    lines = [line.strip(" *") for line in text.splitlines()]
    named = [line for line in lines if line.lower().startswith(SOURCES.lower())]
    facts = named[-1][len(SOURCES) :].split("|") if named else []
    return frozenset(_fact(fact) for fact in facts if fact.strip(" *"))


def _fact(text: str) -> str:
    return " ".join(text.strip(" *").casefold().split())
