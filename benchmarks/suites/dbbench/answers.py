"""When an answer to a DB-Bench question is the label (Liu et al., ICLR 2024; from its text)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

TOLERANCE = 0.01
"""Numbers that are no further apart are the same."""

_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NOTHING = ("", "none", "null", "nan", "inf")


def same_answers(given: Sequence[str], label: Sequence[str]) -> bool:
    """Says whether the values are the label's: in any order, repeats aside, numbers by value."""
    ours, theirs = [_clean(value) for value in given], [_clean(value) for value in label]
    if len(ours) == 1 and len(theirs) == 1:
        return _same(ours[0], theirs[0])
    if set(ours) == set(theirs):
        return True
    numbers, wanted = _numbers(ours), _numbers(theirs)
    if numbers is None or wanted is None or len(numbers) != len(wanted):
        return False
    return all(abs(a - b) <= TOLERANCE for a, b in zip(numbers, wanted, strict=True))


def written_answers(answer: str) -> list[str]:
    """Returns the values of an answer in words: a JSON list, or one value."""
    try:
        read = json.loads(answer)
    except json.JSONDecodeError:
        return [answer.strip()]
    return [str(each) for each in read] if isinstance(read, list) else [answer.strip()]


def _clean(value: str) -> str:
    bare = str(value).strip().removesuffix("%").strip()
    if _THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", "")
    return "0" if bare.lower() in _NOTHING else bare


def _same(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    first, second = _number(ours), _number(theirs)
    return first is not None and second is not None and abs(first - second) <= TOLERANCE


def _numbers(values: Sequence[str]) -> list[float] | None:
    numbers = [_number(value) for value in set(values)]
    return sorted(n for n in numbers if n is not None) if None not in numbers else None


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
