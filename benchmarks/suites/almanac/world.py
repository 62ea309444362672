"""One world of the Almanac: linked facts, the documents that tell them, and the priced tools."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import takewhile
from random import Random

from ....tools import Tool, tool
from .documents import Sentence, WorldDocuments, write_library
from .facts import Facts, draw_facts
from .grammar import NO_DOCUMENT, NO_HITS_TEXT
from .index import SentenceIndex
from .knobs import AlmanacKnobs

_MAX_SIMILAR = 3


class AlmanacWorld:
    """A world drawn from a seed: equal seeds and knobs give equal worlds, in every process."""

    def __init__(self, seed: str, knobs: AlmanacKnobs) -> None:
        random = Random(seed)
        self.knobs = knobs
        self.facts: Facts = draw_facts(random, knobs)
        self.library: WorldDocuments = write_library(random, self.facts, knobs)

    def search(self, query: str) -> str:
        """Returns what the `search` tool answers."""
        found = self._index.find(query, self.knobs.snippets)
        return "\n".join(f"[{snippet.title}] {snippet.text}" for snippet in found) or NO_HITS_TEXT

    def open(self, name: str) -> str:
        """Returns what the `open` tool answers."""
        title = self._title(name)
        if title is not None:
            return _page(title, self.library.documents[title])
        key = " ".join(name.split()).casefold()
        kinds = [e.kind for e in self.facts.entities if e.name.casefold() == key]
        if kinds:
            return _choice(key.capitalize(), kinds)
        similar = self._similar(key)
        return f"{NO_DOCUMENT} Similar names: {', '.join(similar)}." if similar else NO_DOCUMENT

    def tools(self) -> Sequence[Tool]:
        """Returns the tools `search` and `open`, at the prices of the knobs."""

        @tool(price=self.knobs.search_price, read_only=True, inline=True)
        def search(query: str) -> str:
            """Searches the Almanac and returns the sentences that fit best.

            The index knows only a part of what the documents say. (old) marks an older edition,
            which may be wrong by now.

            Args:
                query: a name and what you want to know of it, such as "Vokizu birthplace".
            """
            return self.search(query)

        @tool(name="open", price=self.knobs.open_price, read_only=True, inline=True)
        def open_document(name: str) -> str:
            """Opens the document about a name: everything that its newest edition says.

            Args:
                name: the name, such as "Vokizu", or "Vokizu (city)" where several share it.
            """
            return self.open(name)

        return (search, open_document)

    @cached_property
    def _index(self) -> SentenceIndex:
        return SentenceIndex(self.library.snippets)

    @cached_property
    def _titles(self) -> dict[str, str]:
        qualified = {
            f"{entity.name} ({entity.kind})".casefold(): title
            for entity, title in self.library.titles.items()
        }
        return qualified | {title.casefold(): title for title in self.library.documents}

    def _title(self, name: str) -> str | None:
        key = " ".join(name.strip(" \t\n.'\"[]").split()).casefold()
        return self._titles.get(key)

    def _similar(self, key: str) -> list[str]:
        ranked = sorted(
            self.library.documents,
            key=lambda title: (-_shared_start(title.casefold(), key), title),
        )
        return [title for title in ranked[:_MAX_SIMILAR] if title[:2].casefold() == key[:2]]


def _shared_start(first: str, second: str) -> int:
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _page(title: str, sentences: tuple[Sentence, ...]) -> str:
    return f"[{title}] {' '.join(sentence.text for sentence in sentences)}"


def _choice(name: str, kinds: Sequence[str]) -> str:
    listed = " and of a ".join(kinds)
    choices = " or ".join(f"{name} ({kind})" for kind in kinds)
    return f"{name} is the name of a {listed}. Open {choices}."
