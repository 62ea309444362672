"""Values as Java and JavaScript write them, for the categories of BFCL in these languages.

There an argument is a text in the language's own syntax, whatever its type; the check reads it by
its declared type. Written from the description of the AST check (Patil et al. 2025). What is not in
the form of its type is the name of a variable: it stays text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

Language = Literal["Java", "JavaScript"]

PLAIN_TYPES: Mapping[str, str] = {
    "Array": "array", "ArrayList": "array", "Bigint": "integer", "Boolean": "boolean",
    "HashMap": "dict", "Hashtable": "dict", "String": "string", "byte": "integer",
    "char": "string", "double": "float", "long": "integer", "short": "integer",
}  # fmt: skip
"""The types of both languages that BFCL's other categories call otherwise."""

_INT = r"-?\d+"
_FLOAT = r"-?\d+(?:\.\d+)?"
_POWER = r"(?:[eE][+-]?\d+)?"
_NUMBERS: Mapping[Language, Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "Java": {
        "byte": (_INT, int),
        "short": (_INT, int),
        "integer": (_INT, int),
        "long": (f"({_INT})[lL]", int),
        "float": (f"({_FLOAT}{_POWER})[fF]", float),
        "double": (f"{_FLOAT}{_POWER}", float),
    },
    "JavaScript": {
        "integer": (_INT, int),
        "float": (_FLOAT, float),
        "Bigint": (f"({_INT})n", int),
    },
}
_LISTS: Mapping[str, tuple[str, ...]] = {
    "ArrayList": (
        r"new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)",
        r"new\s+ArrayList<\w*>\(\)\s*\{\{\s*(.+?)\s*\}\}",
        r"new\s+ArrayList<\w*>\(\)()",
    ),
    "Array": (r"new\s+\w+\[\]\s*\{(.*?)\}",),
    "array": (r"^\s*\[(.*)\]\s*$", r"^\s*new\s+Array\((.*)\)\s*$"),
}
_MAP = r"new\s+HashMap<.*?>\s*\(\)(?:\s*\{\s*\{?\s*(.*?)\s*\}?\s*\})?\s*;?\s*$"
_OPEN, _CLOSED = "([{", ")]}"


def read_literal(text: str, kind: str, item: str | None, language: Language) -> Any:
    """Returns what a text in the language says, read by its type; `item` is that of a list's items.

    A text that is not of the type comes back as it is.
    """
    if kind in _NUMBERS[language]:
        pattern, number = _NUMBERS[language][kind]
        found = re.fullmatch(pattern, text)
        return number(found[found.lastindex or 0]) if found else text
    if kind in ("boolean", "Boolean"):
        return text == "true" if text in ("true", "false") else text
    if kind == "String" and language == "JavaScript":
        return text[1:-1] if _is_quoted(text) else text
    if kind in _LISTS:
        return _list(text, kind, item, language)
    if kind == "HashMap":
        return _java_map(text)
    if kind == "dict":
        return _javascript_object(text)
    return text


def write_literal(value: Any, kind: str, item: str | None, language: Language) -> str:
    """Returns the text that `read_literal` reads as the value; a variable's name as it is."""
    java = language == "Java"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        items = ", ".join(_item(each, item, language) for each in value)
        if kind == "ArrayList":
            return f"new ArrayList<>(Arrays.asList({items}))" if value else "new ArrayList<>()"
        return f"new Object[]{{{items}}}" if java else f"[{items}]"
    if isinstance(value, dict):
        pairs = [(name, _item(each, None, language)) for name, each in value.items()]
        if java:
            puts = "".join(f' put("{name}", {each});' for name, each in pairs)
            return f"new HashMap<>() {{{{{puts} }}}}"
        return "{" + ", ".join(f"{json.dumps(name)}: {each}" for name, each in pairs) + "}"
    if isinstance(value, str):
        return f'"{value}"' if kind == "String" and not java else value
    endings = {"long": "L", "Bigint": "n", "float": "f" if java else ""}
    return f"{value}{endings.get(kind, '')}"


def _item(value: Any, kind: str | None, language: Language) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return write_literal(value, kind or "", None, language)


def _list(text: str, kind: str, item: str | None, language: Language) -> Any:
    for pattern in _LISTS[kind]:
        if (found := re.search(pattern, text, re.DOTALL)) is not None:
            inside = found[1]
            added = re.findall(r"add\((.+?)\)", inside)
            parts = added if added else _split(inside)
            return [_list_item(part, item, language) for part in parts]
    return text


def _list_item(text: str, kind: str | None, language: Language) -> Any:
    if language == "JavaScript" and text.startswith("["):
        return _list(text, "array", None, language)
    if language == "JavaScript" and text.startswith("{"):
        return _javascript_object(text)
    if kind in ("String", "char") and _is_quoted(text):
        return text[1:-1]
    if kind in (None, "any"):
        return _value(text, language)
    return read_literal(text, kind, None, language)


def _java_map(text: str) -> Any:
    found = re.search(_MAP, text, re.DOTALL)
    if found is None:
        return text
    pairs = re.findall(r'put\("(.*?)",\s*(.*?)\)', found[1] or "")
    return {name: _value(value.strip(), "Java") for name, value in pairs}


def _javascript_object(text: str) -> Any:
    inside = text.strip()
    if not (inside.startswith("{") and inside.endswith("}")):
        return text
    pairs = [part.partition(":") for part in _split(inside[1:-1])]
    return {_bare(name): _list_item(value.strip(), None, "JavaScript")
            for name, colon, value in pairs if colon}  # fmt: skip


def _value(text: str, language: Language) -> Any:
    """Returns what a text says whose type is not declared."""
    if text in ("true", "false"):
        return text == "true"
    if text.startswith('"') or language == "JavaScript":
        if _is_quoted(text):
            return text[1:-1]
    elif found := re.fullmatch(f"({_FLOAT}{_POWER})[fF]|({_INT})[lL]", text):
        return float(found[1]) if found[1] else int(found[2])
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _split(text: str) -> list[str]:
    """Returns the parts between commas that stand in no bracket and no quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in _OPEN:
            depth += 1
        elif letter in _CLOSED:
            depth -= 1
        if letter == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"


def _bare(name: str) -> str:
    return name.strip().strip("'\"")
