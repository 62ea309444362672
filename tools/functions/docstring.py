"""Reads Google-style docstrings: what a function does, and what its parameters mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SECTION = re.compile(r"(Args|Arguments|Parameters|Returns|Raises|Yields|Examples?|Notes?):\s*$")
_ENTRY = re.compile(r"(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")


@dataclass(frozen=True)
class ParsedDocstring:
    """A docstring in parts."""

    summary: str
    """Everything before the first section."""
    parameters: Mapping[str, str]


def parse_docstring(doc: str) -> ParsedDocstring:
    """Returns the parts of a docstring whose indentation is already taken off."""
    summary: list[str] = []
    arguments: list[str] = []
    into = summary
    for line in doc.splitlines():
        if section := _SECTION.match(line):
            into = arguments if section[1] in ("Args", "Arguments", "Parameters") else []
        else:
            into.append(line)
    return ParsedDocstring("\n".join(summary).strip(), _entries(arguments))


def _entries(lines: list[str]) -> dict[str, str]:
    """Returns descriptions by name; a line indented deeper than its entry goes on with it."""
    found: dict[str, str] = {}
    name, depth = "", None
    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if depth is None and text:
            depth = indent
        if (entry := _ENTRY.match(text)) and indent == depth:
            name = entry[1]
            found[name] = entry[2]
        elif name and text:
            found[name] = f"{found[name]} {text}".strip()
    return found
