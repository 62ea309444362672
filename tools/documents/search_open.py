"""`search` and `open` over a folder of the user's documents."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from ...ledger.errors import UsageError
from ..functions.tool import tool
from ..paging import page
from ..protocol import Tool
from .corpus import SUFFIXES, Corpus, Document, UnreadableFile
from .full_text_index import DocumentHit, DocumentIndex

MAX_HITS = 20
"""Documents that one search lists at most."""

_TIMEOUT = 120.0
"""Seconds for a search: the first one reads all documents."""

_LOG = logging.getLogger(__name__)


def document_tools(folder: Path | str) -> tuple[Tool, Tool]:
    """Returns the tools `search` and `open` over the text-like files below a folder.

    They are indexed at the first search; what changes later is seen by `open` only. Both tools
    cost nothing unless the price book says otherwise.

    Raises:
        UsageError: the folder is missing or holds no document.
    """
    folder = Path(folder)
    corpus = Corpus(folder)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {str(folder)!r}: give one that holds your documents")
    if next(corpus.names(), None) is None:
        kinds = " ".join(sorted(SUFFIXES))
        raise UsageError(f"the folder {str(folder)!r} holds no document: put files there ({kinds})")
    return _search(_IndexedCorpus(corpus)), _open(corpus)


class _IndexedCorpus:
    """A corpus with its index, which is built when it is first asked for."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._lock = threading.Lock()
        self._index: DocumentIndex | None = None

    @property
    def index(self) -> DocumentIndex:
        with self._lock:
            if self._index is None:
                self._index = DocumentIndex(self._readable())
            return self._index

    def _readable(self) -> Iterator[Document]:
        skipped = []
        for name in self._corpus.names():
            try:
                yield self._corpus.read(name)
            except UnreadableFile as exc:
                skipped.append(f"{name} ({exc})")
        if skipped:
            rest = f" and {len(skipped) - 5} more" if len(skipped) > 5 else ""
            _LOG.warning("documents left out: %s%s", ", ".join(skipped[:5]), rest)


def _search(library: _IndexedCorpus) -> Tool:
    @tool(price=Decimal(0), read_only=True, timeout=_TIMEOUT)
    def search(query: str, limit: int = 5) -> str:
        """Finds documents by words and shows the best passage of each, best first.

        Args:
            query: a few words that the passage should hold.
            limit: how many documents to list, 20 at most.
        """
        hits = library.index.find(query, min(max(limit, 1), MAX_HITS))
        if not hits:
            return "Nothing found. Try other words."
        return "\n".join(_line(place, hit) for place, hit in enumerate(hits, 1))

    return search


def _line(place: int, hit: DocumentHit) -> str:
    where = f'open(name="{hit.name}", start={hit.start})'
    return f"{place}. {hit.title} [{where}]\n   {hit.snippet}"


def _open(corpus: Corpus) -> Tool:
    @tool(price=Decimal(0), read_only=True)
    def open(name: str, start: int = 0) -> str:
        """Reads a document.

        Args:
            name: the document's name as a search gave it.
            start: the first character to read.
        """
        return page(corpus.document(name).text, start, f'open(name="{name}"')

    return open
