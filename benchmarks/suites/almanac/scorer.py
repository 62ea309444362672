"""Judges answers: the name has to be exactly right, its dress does not matter."""

from __future__ import annotations

import re

from ...suite import Task

_MARKS = " \t\r\n.,;:!?\"'`*_[]“”‘’"
_ANSWER = re.compile(r"^\W*(?:the |final )*answer(?: is)?\s*[:=]?\**\s*", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
_QUALIFIER = re.compile(r"\s*\((?:person|business|city|country|river)\)$", re.IGNORECASE)


def final_answer(text: str) -> str:
    """Returns what a reply gives as its answer: its last `Answer:` line, else its last line."""
    lines = [line for line in text.splitlines() if line.strip()]
    marked = [line for line in lines if _ANSWER.match(line)]
    line = (marked or lines or [""])[-1]
    return normal(_ANSWER.sub("", line))


def normal(answer: str) -> str:
    """Returns an answer without case, punctuation, article and `(city)` at its end."""
    bare = _QUALIFIER.sub("", answer.strip(_MARKS)).strip(_MARKS)
    return " ".join(_ARTICLE.sub("", bare).casefold().split())


class ExactScorer:
    """1 if the final answer is one of the accepted ones, else 0. A sentence is not a name."""

    def score(self, task: Task, answer: str | None) -> float:
        if answer is None:
            return 0.0
        return float(final_answer(answer) in {normal(gold) for gold in task.gold})
