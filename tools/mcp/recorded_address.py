"""What is recorded of an MCP server's address: everything but what may be a secret."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from urllib.parse import urlsplit

from ...journal.secrets import MARK, cleaner_of

LEFT_OUT = "[not recorded]"

_SECRET_NAME = re.compile(
    r"key|token|secret|passw|pwd|auth|credential|cookie|bearer|header|dsn|signature|sig$|pat$"
    r"|^--?(e|env|user)$",
    re.IGNORECASE,
)
_ASSIGNMENT = re.compile(r"(-{0,2}[A-Za-z_][\w.-]*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"[A-Za-z_]\w*")
_PLAIN = re.compile(r"[a-z]{1,5}|\d{1,5}|true|false|/[\w./-]*", re.IGNORECASE)
_SHAPED = re.compile(
    r"\b(?:sk|pk|gsk|xai|hf|glpat|xox[abp]|gh[pos]|github_pat)[-_][-_\w.]{6,}"
    r"|\b(?:AKIA|AIza|eyJ)[-_\w.]{10,}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<![\w])(?=[A-Za-z0-9_+=-]*\d)(?=[A-Za-z0-9_+=-]*[A-Za-z])[A-Za-z0-9_+=]{16,}"
)
"""What looks like a key by itself, whatever stands before it."""
_SURELY = 8
"""Characters of a value that is looked for in the other words, too."""

_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


def recorded_address(text: str) -> str:
    """Returns a command line or URL with `[not recorded]` in place of what may be a secret.

    These are: values of variables and of options that are named like a secret, user and password,
    query and fragment of a URL, and words that look like a key.
    """
    values = values_in(text)
    if not values:
        return text
    words = [text] if _is_url(text) else shlex.split(text)
    kept = [_without(word, found) for word, found in _read(words)]
    clean = cleaner_of(value for value in values if len(value) >= _SURELY)
    written = clean(kept[0] if _is_url(text) else shlex.join(kept))
    return written.replace(MARK, LEFT_OUT)


def values_in(text: str) -> set[str]:
    """Returns the parts of a command line or URL that may be secrets."""
    words = [text] if _is_url(text) else shlex.split(text)
    return {value for _, found in _read(words) for value in found}


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _without(word: str, values: list[str]) -> str:
    for value in sorted(values, key=len, reverse=True):
        head, found, tail = word.rpartition(value)
        word = f"{head}{LEFT_OUT}{tail}" if found else word
    return word


def _read(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yields each word with what in it may be a secret."""
    is_value = False
    for word in words:
        pair = _ASSIGNMENT.fullmatch(word)
        if is_value and not word.startswith("-"):
            found = [word if pair is None else pair[2]]
            is_value = False
        else:
            is_value = word.startswith("-") and pair is None and _takes_secret(word)
            found = [pair[2]] if pair is not None and _is_secret(*pair.groups()) else []
            found = found or list(_in_word(word))
        yield word, list(filter(None, dict.fromkeys(found)))


def _takes_secret(option: str) -> bool:
    return option == "-H" or _SECRET_NAME.search(option) is not None


def _is_secret(name: str, value: str) -> bool:
    is_variable = _VARIABLE.fullmatch(name) is not None
    return bool(_SECRET_NAME.search(name)) or (is_variable and not _PLAIN.fullmatch(value))


def _in_word(word: str) -> Iterator[str]:
    for url in _URL.findall(word):
        try:
            parts = urlsplit(url)
        except ValueError:
            yield url
            continue
        if "@" in parts.netloc:
            yield parts.netloc.rpartition("@")[0]
        yield from filter(None, (parts.query, parts.fragment))
    for match in _SHAPED.finditer(word):
        yield match[0]
