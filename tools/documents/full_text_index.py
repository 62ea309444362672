"""A full-text index in memory: SQLite's FTS5, ranked by BM25."""

from __future__ import annotations

import re
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .corpus import Document

CHUNK = 1_200
"""Characters of text that are found and ranked together."""

SNIPPET = 40
"""Words of a snippet."""

MAX_WORDS = 32
"""Words of a query that count."""

_SCHEMA = """
CREATE VIRTUAL TABLE chunks USING fts5(
    title, text, name UNINDEXED, start UNINDEXED,
    tokenize = 'porter unicode61 remove_diacritics 2'
)"""
_QUERY = f"""
SELECT name, title, start, snippet(chunks, 1, '', '', ' … ', {SNIPPET})
FROM chunks WHERE chunks MATCH ? ORDER BY bm25(chunks, 3.0, 1.0), rowid LIMIT ?"""
_BREAK = re.compile(r"\n\s*\n|\n(?=#+ )")
_WORD = re.compile(r"[^\W_]+")
_COMMON = (
    "a an and are as at be by did do does for from how in is it its of on or that the their there "
    "this to was were what when where which who whose why will with"
)
_SAYING_NOTHING = frozenset(_COMMON.split())


@dataclass(frozen=True)
class DocumentHit:
    """The best place in a document. `start` is its first character."""

    name: str
    title: str
    start: int
    snippet: str


class DocumentIndex:
    """Finds places in documents by words. May be used from any thread."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._database.close)
        self._database.execute(_SCHEMA)
        rows = (
            (document.title, text, document.name, start)
            for document in documents
            for start, text in chunks(document.text)
        )
        self._database.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?)", rows)

    def find(self, query: str, limit: int) -> list[DocumentHit]:
        """Returns the best place of each of the best documents, best first.

        Common words count only in a query that holds no others.
        """
        words = _WORD.findall(query)
        words = [word for word in words if word.lower() not in _SAYING_NOTHING] or words
        if not words:
            return []
        match = " OR ".join(f'"{word}"' for word in words[:MAX_WORDS])
        with self._lock:
            rows = self._database.execute(_QUERY, (match, limit * 8)).fetchall()
        best: dict[str, DocumentHit] = {}
        for name, title, start, snippet in rows:
            best.setdefault(name, DocumentHit(name, title, start, " ".join(snippet.split())))
        return list(best.values())[:limit]


def chunks(text: str) -> Iterator[tuple[int, str]]:
    """Yields pieces of a text with their first character's place, broken between paragraphs.

    A heading begins a new piece; a longer paragraph is broken where its length demands it.
    """
    begin = 0
    for start, end in _paragraphs(text):
        if start > begin and (end - begin > CHUNK or text.startswith("#", start)):
            yield from _pieces(text, begin, start)
            begin = start
    yield from _pieces(text, begin, len(text))


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in _BREAK.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    while start < end:
        stop = end
        if end - start > CHUNK:
            gap = max(text.rfind(mark, start + CHUNK // 2, start + CHUNK) for mark in " \n")
            stop = gap + 1 if gap >= 0 else start + CHUNK
        if piece := text[start:stop].strip():
            yield start, piece
        start = stop
