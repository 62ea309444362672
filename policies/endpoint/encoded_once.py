"""Bytes that are computed once in a record's life."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Record = TypeVar("Record")


class EncodedOnce(Generic[Record]):
    """Encodes records and remembers the bytes for as long as each record lives.

    Prompts only grow: with this a turn encodes its new messages only.
    """

    def __init__(self, encode: Callable[[Record], bytes]) -> None:
        self._encode = encode
        self._known: dict[int, _Bytes[Record]] = {}

    def __call__(self, records: Sequence[Record]) -> list[bytes]:
        known = self._known
        return [(known.get(id(record)) or self._remember(record)).encoded for record in records]

    def _remember(self, record: Record) -> _Bytes[Record]:
        entry = _Bytes(record, self._forget)
        entry.place = id(record)
        entry.encoded = self._encode(record)
        self._known[entry.place] = entry
        return entry

    def _forget(self, entry: _Bytes[Record]) -> None:
        self._known.pop(entry.place, None)


class _Bytes(weakref.ref[Record]):
    """A record's bytes, held by nothing but the cache."""

    __slots__ = ("encoded", "place")
    encoded: bytes
    place: int
