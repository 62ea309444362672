"""Reads docstrings (Google, NumPy, Sphinx, Epydoc): what a function does, what its parameters mean.

The entries are docstring_parser's to read. Which lines are a section is told here, so that prose
beside, between and after the sections stays, in its order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import dedent, indent

from docstring_parser import DocstringStyle, ParseError, parse

_PARAMETERS = {
    "args", "arguments", "parameters", "params", "other parameters", "keyword args",
    "keyword arguments", "param", "parameter", "arg", "argument", "key", "keyword",
}  # fmt: skip
_OF_THE_CODE = {
    "returns", "return", "rtype", "yields", "yield", "receives", "raises", "raise", "except",
    "exception", "exceptions", "warns", "attributes", "methods", "example", "examples", "type",
    "var", "ivar", "cvar",
}  # fmt: skip
"""Sections for those who read the code: the policy is not shown them."""

_HEADER = re.compile(r"([A-Z][A-Za-z ]{0,30}):\s*$")
_UNDERLINE = re.compile(r"[-=]{3,}\s*$")
_FIELD = re.compile(r"[:@]([a-z]+)\b[^:]*:(?=\s|$)")
_ENTRY = re.compile(r"[*`]*\w+`?(\s*,\s*[*`]*\w+`?)*\s*(\(.*\)|\[.*\])?\s*:")


@dataclass(frozen=True)
class ParsedDocstring:
    """A docstring in parts."""

    summary: str
    """All of it but the parameters and what is for those who read the code."""
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class _Block:
    """Lines that are one section, or prose."""

    title: str = ""
    style: DocstringStyle | None = None
    """None is prose."""
    lines: list[str] = field(default_factory=list)


def parse_docstring(doc: str) -> ParsedDocstring:
    """Returns the parts of a docstring whose indentation is already taken off.

    A section of parameters that cannot be read stays in the summary.
    """
    prose: list[str] = []
    parameters: dict[str, str] = {}
    for block in _blocks(doc.splitlines()):
        if block.title in _OF_THE_CODE:
            continue
        found = _described(block) if block.title else None
        parameters |= found or {}
        if not found:
            prose.append("\n".join(block.lines).strip("\n").rstrip())
    return ParsedDocstring("\n\n".join(filter(None, prose)).strip(), parameters)


def _blocks(lines: list[str]) -> Iterator[_Block]:
    block = _Block()
    for place, line in enumerate(lines):
        after = lines[place + 1] if place + 1 < len(lines) else ""
        begun = _beginning(line, after)
        if begun is None and _ends(block, line, after, lines[place - 1]):
            begun = _Block()
        if begun is not None:
            yield block
            block = begun
        block.lines.append(line)
    yield block


def _beginning(line: str, after: str) -> _Block | None:
    """Returns the section that begins with a line, or None."""
    if _UNDERLINE.match(after) and not line.startswith(" "):
        title, style = line.strip(), DocstringStyle.NUMPYDOC
    elif header := _HEADER.match(line):
        title, style = header[1], DocstringStyle.GOOGLE
    elif entry := _FIELD.match(line):
        style = DocstringStyle.REST if line.startswith(":") else DocstringStyle.EPYDOC
        title = entry[1]
    else:
        return None
    known = title.lower() in _PARAMETERS | _OF_THE_CODE
    return _Block(title.lower(), style) if known else None


def _ends(block: _Block, line: str, after: str, before: str) -> bool:
    """Says whether a line, which begins no section, is no longer of the block."""
    if block.style is None or not line.strip() or line.startswith((" ", "\t")):
        return False
    if block.style is DocstringStyle.NUMPYDOC:
        return bool(_UNDERLINE.match(after) or _HEADER.match(line))
    return block.style is DocstringStyle.GOOGLE or not before.strip()


def _described(block: _Block) -> dict[str, str]:
    """Returns the descriptions of a section of parameters by name; none if it cannot be read."""
    text = _entries(block.lines) if block.style is DocstringStyle.GOOGLE else "\n".join(block.lines)
    try:
        read = parse(text, style=block.style or DocstringStyle.AUTO)
    except ParseError:
        return {}
    return {
        name.strip(" *`"): " ".join((each.description or "").split())
        for each in read.params
        for name in each.arg_name.split(",")
    }


def _entries(lines: list[str]) -> str:
    """Returns Google's section with every line that begins no parameter as a continuation."""
    body = dedent("\n".join(lines[1:])).splitlines()
    deeper = [line if _ENTRY.match(line) else indent(line, "    ") for line in body]
    return "\nArgs:\n" + indent("\n".join(deeper), "    ")
