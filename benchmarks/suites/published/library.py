"""Paragraphs that a question is answered from, and the tools `search` and `open` over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from ....ledger.errors import ToolError, UsageError
from ....tools import Tool, tool
from ....tools.documents.corpus import Document
from ....tools.documents.full_text_index import DocumentIndex
from ..almanac.grammar import OPEN_PRICE, SEARCH_PRICE

HITS = 5
"""Paragraphs that one search lists at most."""

NOTHING_FOUND_TEXT = "Nothing found. Try other words."


@dataclass(frozen=True)
class Paragraph:
    """A paragraph as the data give it."""

    title: str
    sentences: tuple[str, ...]
    """One where the data do not say where sentences end."""

    @property
    def text(self) -> str:
        return " ".join(sentence.strip() for sentence in self.sentences)


@dataclass(frozen=True)
class LibraryPrices:
    """USD a call."""

    search: Decimal = SEARCH_PRICE
    open: Decimal = OPEN_PRICE

    @classmethod
    def of(cls, search_price: Any, open_price: Any) -> LibraryPrices:
        """Returns the prices that two knobs set.

        Raises:
            UsageError: one of them is no sum of money.
        """
        return cls(_usd("search_price", search_price), _usd("open_price", open_price))


class ParagraphCorpus:
    """Paragraphs by name: the title, numbered where paragraphs of other text share it.

    A paragraph that comes again, under the same title with the same text, is there once.
    """

    def __init__(
        self, paragraphs: Iterable[Paragraph], prices: LibraryPrices = LibraryPrices()
    ) -> None:
        self._prices = prices
        self._names: dict[tuple[str, str], str] = {}
        self._shown: dict[str, Paragraph] = {}
        self._keys: dict[str, str] = {}
        titled: Counter[str] = Counter()
        for paragraph in paragraphs:
            key = (paragraph.title, paragraph.text)
            if key not in self._names:
                titled[_key(paragraph.title)] += 1
                count = titled[_key(paragraph.title)]
                name = paragraph.title if count == 1 else f"{paragraph.title} ({count})"
                self._names[key] = name
                self._shown[name] = paragraph
                self._keys.setdefault(_key(name), name)

    def __len__(self) -> int:
        return len(self._shown)

    def name(self, paragraph: Paragraph) -> str:
        """Returns the name of a paragraph of the library."""
        return self._names[paragraph.title, paragraph.text]

    def search(self, query: str) -> str:
        """Returns what the `search` tool answers: the best passage of each of the best."""
        hits = self._index.find(query, HITS)
        lines = (f"{place}. [{hit.name}] {hit.snippet}" for place, hit in enumerate(hits, 1))
        return "\n".join(lines) or NOTHING_FOUND_TEXT

    def open(self, name: str) -> str:
        """Returns what the `open` tool answers: a paragraph, its sentences numbered.

        Raises:
            ToolError: there is none of this name.
        """
        known = self._keys.get(_key(name))
        if known is None:
            close = ", ".join(hit.name for hit in self._index.find(name, 3))
            hint = f"; close to it: {close}" if close else ""
            raise ToolError(f"there is no paragraph named {name[:200]!r}{hint}")
        sentences = self._shown[known].sentences
        if len(sentences) == 1:
            return f"[{known}] {sentences[0].strip()}"
        told = (f"#{place} {sentence.strip()}" for place, sentence in enumerate(sentences))
        return "\n".join((f"[{known}]", *told))

    @cached_property
    def tools(self) -> tuple[Tool, Tool]:
        """The tools `search` and `open`."""

        @tool(price=self._prices.search, read_only=True)
        def search(query: str) -> str:
            """Finds paragraphs by words and shows the best passage of each, best first.

            Args:
                query: a few words that the paragraph should hold, such as a name.
            """
            return self.search(query)

        @tool(name="open", price=self._prices.open, read_only=True)
        def open_paragraph(name: str) -> str:
            """Shows a whole paragraph.

            Args:
                name: its name, which search shows in brackets.
            """
            return self.open(name)

        return (search, open_paragraph)

    @cached_property
    def _index(self) -> DocumentIndex:
        named = self._shown.items()
        return DocumentIndex(Document(name, each.title, each.text) for name, each in named)


def _key(name: str) -> str:
    return " ".join(name.strip(" \t\n[]'\"").split()).casefold()


def _usd(knob: str, value: Any) -> Decimal:
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise UsageError(f"knob {knob!r} must be USD of 0 or more, not {value!r}")
    return price
