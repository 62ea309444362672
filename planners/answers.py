"""The final answer in what a policy says."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MARKS = " \t\r\n.,;:!?\"'`*_[]“”‘’"
_MARKUP = r"[\s*_#>`~-]*"
_SAID = re.compile(
    rf"^{_MARKUP}(?:(?:my|the|so|thus|therefore|and|your)\s*,?\s+)*(?:final\s+|correct\s+)?answer"
    rf"[\s*_`]*(?::|=|\bis\b\s*:?|(?=[\s*_`]*$))[\s*_`]*(?P<answer>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_HASHES = re.compile(r"####\s*(?P<answer>[^\n]+)$", re.MULTILINE)
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_WRAPPED = re.compile(r"^(?:\$+|\\\(|\\\[)\s*(.*?)\s*(?:\$+|\\\)|\\\])$")
_TEXT = re.compile(r"^\\(?:text|mathrm|mathbf|textbf)\{(.*)\}$")


def final_answer(text: str) -> str:
    """Returns what is marked last as the answer, or the whole text where nothing is.

    Marks are a line `Answer: …` in any markup and case (`**Final answer:** 7`; the line after it
    where it holds nothing itself), `\\boxed{…}` and `#### …`.
    """
    found = [*_lines(text), *_boxed(text)]
    return max(found)[1] if found else text.strip()


def plain(text: str) -> str:
    """Returns the final answer without case and punctuation: equal ones are votes for the same."""
    return " ".join(final_answer(text).strip(_MARKS).casefold().split())


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields where answers that lines mark end, and what they are."""
    for found in (*_SAID.finditer(text), *_HASHES.finditer(text)):
        answer = found["answer"].strip(" *_`")
        below = text[found.end() :].strip().partition("\n")[0] if not answer else ""
        yield found.end(), _bare(answer or below.strip(" *_`"))


def _boxed(text: str) -> Iterator[tuple[int, str]]:
    for found in _BOXED.finditer(text):
        depth = 1
        for place in range(found.end(), len(text)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if not depth:
                yield place + 1, _bare(text[found.end() : place])
                break


def _bare(answer: str) -> str:
    """Returns an answer without the marks of mathematics around all of it."""
    for form in (_WRAPPED, _BOX, _TEXT):
        if found := form.match(answer):
            answer = found[1].strip()
    return answer


_BOX = re.compile(r"^\\(?:boxed|fbox)\s*\{(.*)\}\.?$")
