"""Values that JSON does not know, such as other libraries' and broken ones, as values that it does.

Protocols are looked up on the type: a mock has every attribute that it is asked for.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, MappingView, Sequence, Set
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json, to_json

MOST_ITEMS = 10_000
"""Rows of a table, numbers of an array or items of an iterator that are shown."""

MORE_ITEMS = f"(the first {MOST_ITEMS:,}; there are more)"

MOST_NODES = 100_000
"""Values that are shown of one that cannot be shown as it is."""

DEEPEST = 50
"""Levels that are shown of a value that cannot be shown as it is."""

LONGEST_REPR = 2_000
"""Characters that are shown of what an object calls itself."""


def as_plain(value: Any) -> Any:
    """Returns a value as one that is nearer to JSON; text at the last."""
    kind = type(value)
    if issubclass(kind, BaseException):
        return f"{kind.__name__}: {value}" if str(value) else kind.__name__
    if hasattr(kind, "head") and (hasattr(kind, "to_csv") or hasattr(kind, "write_csv")):
        return _table(value)
    for listing in ("tolist", "to_list", "to_pylist"):
        if hasattr(kind, listing):
            return _listed(value, listing)
    if hasattr(kind, "keys") and hasattr(kind, "__getitem__"):
        return {key: value[key] for key in value.keys()}  # noqa: SIM118 - a Row gives its values
    if issubclass(kind, Iterator | Sequence | Set | MappingView):
        return first_items(iter(value))
    return shown(value)


def first_items(items: Iterator[Any]) -> list[Any]:
    """Returns the items, the first ones if there are too many, with a note."""
    taken = list(islice(items, MOST_ITEMS + 1))
    return taken if len(taken) <= MOST_ITEMS else [*taken[:MOST_ITEMS], MORE_ITEMS]


def as_far_as_shown(value: Any) -> Any:
    """Returns a value that JSON cannot hold, with what it cannot hold told in its place."""
    return _Walk().plain(value, ())


def shown(value: Any) -> str:
    """Returns what an object calls itself."""
    name = type(value).__name__
    try:
        text = repr(value)
    except Exception:
        return f"(a {name} that cannot be shown)"
    if len(text) > LONGEST_REPR:
        return f"{text[:LONGEST_REPR]}… ({len(text):,} characters in all)"
    return text


def _table(value: Any) -> str:
    """Returns a data frame, or a column of one, as CSV."""
    part = value.head(MOST_ITEMS)
    text = str(part.to_csv() if hasattr(type(value), "to_csv") else part.write_csv())
    rows = len(value)
    return text if rows <= MOST_ITEMS else f"{text}(the first {MOST_ITEMS:,} of {rows:,} rows)"


def _listed(value: Any, listing: str) -> Any:
    shape = tuple(getattr(value, "shape", ()))
    if math.prod(shape) > MOST_ITEMS:
        return f"{shown(value)} (shape {shape})"
    return getattr(value, listing)()


class _Walk:
    """Goes through one value, however deep, wide or broken it is."""

    def __init__(self) -> None:
        self._left = MOST_NODES

    def plain(self, value: Any, above: tuple[int, ...]) -> Any:
        self._left -= 1
        if self._left < 0:
            return "(more)"
        if id(value) in above:
            return "(seen above)"
        if len(above) >= DEEPEST:
            return "(deeper)"
        try:
            return self._inside(value, (*above, id(value)))
        except Exception:
            return shown(value)

    def _inside(self, value: Any, above: tuple[int, ...]) -> Any:
        kind = type(value)
        if issubclass(kind, str):
            return str.__str__(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if issubclass(kind, bytes | bytearray | memoryview):
            return bytes(value).decode("utf-8", "replace")
        if issubclass(kind, int) and not issubclass(kind, bool):
            return _number(value)
        if issubclass(kind, BaseModel) or (is_dataclass(kind) and not issubclass(kind, type)):
            return {name: self.plain(getattr(value, name, None), above) for name in _names(kind)}
        if issubclass(kind, Mapping):
            pairs = islice(value.items(), MOST_NODES)
            return {self._key(key): self.plain(item, above) for key, item in pairs}
        if issubclass(kind, list | tuple | set | frozenset | deque):
            return [self.plain(item, above) for item in islice(value, MOST_NODES)]
        try:
            return from_json(to_json(value, inf_nan_mode="strings"))
        except Exception:
            return self.plain(as_plain(value), above)

    def _key(self, key: Any) -> str:
        plain = self.plain(key, ())
        return plain if isinstance(plain, str) else str(plain)


def _names(kind: type[Any]) -> list[str]:
    """Returns the fields of a model or a dataclass that are meant to be written."""
    if issubclass(kind, BaseModel):
        return [name for name, info in kind.model_fields.items() if not info.exclude]
    return [each.name for each in fields(kind)]


def _number(value: int) -> int | str:
    """Returns a whole number, in hexadecimal digits where Python writes no decimal ones."""
    try:
        str(value)
    except ValueError:
        return hex(value)
    return int(value)
