"""Ranges of budgets in one text: `search=2..64x2` is 2, 4, 8, 16, 32 and 64 searches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import product

from ...ledger.errors import UsageError

_NUMBER = r"(\d+(?:\.\d+)?)"
_RANGE = re.compile(rf"{_NUMBER}\.\.{_NUMBER}([x+]){_NUMBER}")
_MOST = 100


def budgets(texts: Iterable[str]) -> tuple[str, ...]:
    """Returns the budgets that texts with ranges stand for, each once, in order.

    A range is `FIRST..LASTxFACTOR` or `FIRST..LAST+STEP`, in place of a number; several ranges in
    one text give every combination. The last value is the largest that does not exceed `LAST`.

    Raises:
        UsageError: a range never reaches its end, or there are too many.
    """
    return tuple(dict.fromkeys(budget for text in texts for budget in _expanded(text)))


def _expanded(text: str) -> Iterator[str]:
    parts = [part.partition("=") for part in text.split(",")]
    choices = [[f"{name}{eq}{value}" for value in _values(given)] for name, eq, given in parts]
    for chosen in product(*choices):
        yield ",".join(chosen)


def _values(given: str) -> list[str]:
    found = _RANGE.fullmatch(given.strip())
    if found is None:
        if ".." in given:
            raise UsageError(
                f"{given!r} is no range of a budget: write FIRST..LASTxFACTOR or FIRST..LAST+STEP, "
                "such as 2..64x2"
            )
        return [given]
    first, last, step = Decimal(found[1]), Decimal(found[2]), Decimal(found[4])
    grows = step > 1 and first > 0 if found[3] == "x" else step > 0
    if not grows or first > last:
        raise UsageError(f"the range {given!r} never comes to its end: 2..64x2 would")
    values = [first]
    while (following := values[-1] * step if found[3] == "x" else values[-1] + step) <= last:
        values.append(following)
        if len(values) > _MOST:
            raise UsageError(f"the range {given!r} has more than {_MOST} values")
    return [f"{value.normalize():f}" for value in values]
