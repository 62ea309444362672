"""The search index of a world: ranks sentences by names and relations, the same way every time."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

from .documents import Sentence
from .grammar import ALIAS, CUES, NAME

_OWN = 2.0
"""For each name of the query that heads the sentence's document."""
_MENTIONED = 1.0
_SIMILAR = 0.4
"""For each name of the query that only begins like the title."""
_TELLS_ALIAS = 1.7
_TELLS = 1.5
"""If the sentence states a relation of the query about a name of the query."""
_TELLS_OF_OTHERS = 0.3
_NOISE = 0.35
"""The most that chance, fixed by query and sentence, adds: no index is perfect."""

_WORD = re.compile(r"[A-Za-z]+")
_QUALIFIER = re.compile(r"\([^)]*\)")
_BARE_NAME = re.compile(NAME)


class SentenceIndex:
    """Finds the sentences that fit a query best."""

    def __init__(self, snippets: Iterable[Sentence]) -> None:
        self._by_name: dict[str, dict[Sentence, None]] = {}
        self._by_start: dict[str, dict[Sentence, None]] = {}
        for snippet in snippets:
            for name in _BARE_NAME.findall(f"{snippet.title} {snippet.text}"):
                self._by_name.setdefault(name, {})[snippet] = None
            self._by_start.setdefault(snippet.title[:2], {})[snippet] = None

    def find(self, query: str, limit: int) -> list[Sentence]:
        """Returns up to `limit` sentences, best first. Words that it does not know are ignored."""
        words = _WORD.findall(_QUALIFIER.sub(" ", query))
        names = sorted({w.capitalize() for w in words if _BARE_NAME.fullmatch(w.capitalize())})
        relations = {CUES[word.lower()] for word in words if word.lower() in CUES}
        found: dict[Sentence, None] = {}
        for name in names:
            found |= self._by_name.get(name, {})
            found |= self._by_start.get(name[:2], {})
        seed = zlib.crc32(" ".join((*names, *sorted(relations))).encode())
        scored = [(_score(snippet, names, relations, seed), snippet) for snippet in found]
        scored.sort(key=lambda pair: (-pair[0], pair[1].title, pair[1].text))
        return [snippet for _, snippet in scored[:limit]]


def _score(snippet: Sentence, names: list[str], relations: set[str], seed: int) -> float:
    by_names = sum(_name_score(snippet, name) for name in names)
    by_facts = 0.0
    for statement in snippet.statements:
        if statement.relation == ALIAS and statement.subject in names:
            by_facts = max(by_facts, _TELLS_ALIAS)
        elif statement.relation in relations:
            tells = _TELLS if statement.subject in names else _TELLS_OF_OTHERS
            by_facts = max(by_facts, tells)
    noise = zlib.crc32(snippet.text.encode(), seed) / 2**32 * _NOISE
    return by_names + by_facts + noise


def _name_score(snippet: Sentence, name: str) -> float:
    if snippet.title.split(" ")[0] == name:
        return _OWN
    if name in _BARE_NAME.findall(snippet.text):
        return _MENTIONED
    return _SIMILAR if snippet.title.startswith(name[:2]) else 0.0
