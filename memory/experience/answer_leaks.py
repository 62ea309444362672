"""Whether a text gives an answer away."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"\w+")
_EVERYDAY = frozenset({"yes", "no", "true", "false", "none", "unknown", "nothing"})
_SAID = 4
"""An everyday word gives an answer away only within so many words after `answer`."""


def leaks(text: str, answers: Iterable[str]) -> bool:
    """Says whether one of the answers stands in a text, whatever its case and punctuation.

    Everyday words and single characters count only where the text calls them the answer.
    """
    words = _words(text)
    return any(_stands(_words(answer), words) for answer in answers)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _stands(answer: list[str], words: list[str]) -> bool:
    if not answer:
        return False
    length = len(answer)
    places = [n for n in range(len(words) - length + 1) if words[n : n + length] == answer]
    if length > 1 or (len(answer[0]) > 1 and answer[0] not in _EVERYDAY):
        return bool(places)
    return any(word.startswith("answer") for n in places for word in words[max(n - _SAID, 0) : n])
