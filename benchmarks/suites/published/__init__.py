"""Suites over published data, read in its own format, and the way to a suite of one's own."""

from __future__ import annotations

from .answers import Match, compare, normalise
from .library import Library, Paragraph
from .scorers import Choices, Includes, Numbers, ShortAnswers
from .taskset import TaskSet, question
from .validation import Validation, validate

__all__ = [
    "Choices",
    "Includes",
    "Library",
    "Match",
    "Numbers",
    "Paragraph",
    "ShortAnswers",
    "TaskSet",
    "Validation",
    "compare",
    "normalise",
    "question",
    "validate",
]
