"""The final answer in what a policy says."""

from __future__ import annotations

_MARKS = " \t\r\n.,;:!?\"'`*_[]“”‘’"


def final_answer(text: str) -> str:
    """Returns what follows the last line that starts with `Answer:`, or the whole text."""
    for line in reversed(text.splitlines()):
        head, colon, rest = line.strip().strip("*").partition(":")
        if colon and head.strip("* ").lower() == "answer":
            return rest.strip(" *")
    return text.strip()


def plain(text: str) -> str:
    """Returns the final answer without case and punctuation: equal ones are votes for the same."""
    return " ".join(final_answer(text).strip(_MARKS).casefold().split())
