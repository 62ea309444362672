"""What a site's `robots.txt` lets a reader see (RFC 9309)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

MAX_BYTES = 1_000_000
"""Bytes of a `robots.txt`."""

_LINE = re.compile(r"\s*([a-z-]+)\s*:\s*([^#]*)", re.IGNORECASE)


@dataclass(frozen=True)
class RobotsRules:
    """The rules for one reader: pairs of whether they allow, and a pattern of paths."""

    rules: Sequence[tuple[bool, str]] = ()

    def allow(self, path: str) -> bool:
        """True if the path, with its query, may be read. The longest pattern decides."""
        path = _plain(path)
        best = (-1, True)
        for allows, pattern in self.rules:
            if matches(pattern, path):
                best = max(best, (len(pattern), allows))
        return best[1]


NOTHING = RobotsRules([(False, "/")])
"""Of a site whose `robots.txt` cannot be had: nothing may be read."""


def rules(text: str, agent: str) -> RobotsRules:
    """Returns the rules of a `robots.txt` for a reader, by its name or else for `*`."""
    groups: dict[str, list[tuple[bool, str]]] = {}
    for names, allows, pattern in _entries(text):
        for name in names:
            groups.setdefault(name, []).append((allows, pattern))
    own = groups.get(agent.lower())
    return RobotsRules(own if own is not None else groups.get("*", []))


def _entries(text: str) -> Iterator[tuple[list[str], bool, str]]:
    names: list[str] = []
    in_rules = False
    for line in text.splitlines():
        read = _LINE.match(line)
        if read is None:
            continue
        key, value = read[1].lower(), read[2].strip()
        if key == "user-agent":
            names = [*([] if in_rules else names), value.lower().split("/")[0]]
            in_rules = False
        elif key in ("allow", "disallow"):
            in_rules = True
            if value:
                yield names, key == "allow", _plain(value)


def matches(pattern: str, path: str) -> bool:
    """True if the path begins as the pattern says; `*` is anything, a final `$` the end."""
    is_whole = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not rest:
        return not is_whole or path == first
    place = len(first)
    for part in rest[:-1] if is_whole else rest:
        found = path.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return not is_whole or (path.endswith(rest[-1]) and len(path) - len(rest[-1]) >= place)


def _plain(path: str) -> str:
    return quote(path, safe="/?:@!$&'()*+,;=%~#[]")
