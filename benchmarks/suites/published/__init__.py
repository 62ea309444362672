"""Suites over published data, read in its own format, and the way to a suite of one's own."""

from __future__ import annotations

from .answers import AnswerMatch, match_answer, normalise
from .library import Paragraph, ParagraphCorpus
from .scorers import IncludesScorer, MultipleChoiceScorer, NumberScorer, ShortAnswerScorer
from .taskset import TaskSet, question
from .validation import SuiteValidation, validate

__all__ = [
    "AnswerMatch",
    "IncludesScorer",
    "MultipleChoiceScorer",
    "NumberScorer",
    "Paragraph",
    "ParagraphCorpus",
    "ShortAnswerScorer",
    "SuiteValidation",
    "TaskSet",
    "match_answer",
    "normalise",
    "question",
    "validate",
]
