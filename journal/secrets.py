"""Finds secrets in text, in the forms in which programs write them, and blots them out."""

from __future__ import annotations

import base64
import html
import html.entities
import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from ..ledger.errors import UsageError

MARK = "[redacted]"
SHORTEST = 4
"""Shorter secrets would blot out ordinary text."""

_SHORTEST_PIECE = 6
"""The same for a piece of one at the beginning or the end of a text."""

_SHORTEST_LEAD = 8
_LONGEST_ESCAPE = 16
_NOTHING_MORE = re.compile(r"""[\s.…'")\]}]{0,12}\Z""")
_BROKEN_ESCAPE = re.compile(
    r"\\{1,8}(?:[ux][0-9a-f]{0,3})?(?![0-9a-z])|%[0-9a-f]?(?![0-9a-z])", re.I
)
"""An escape that was cut."""

Clean = Callable[[str], str]

_ESCAPES = ("\\", "%", "&")
_NAMED = {
    char: sorted(name for name, value in html.entities.html5.items() if value == char)
    for char in map(chr, range(0x21, 0x7F))
    if not char.isalnum()
}
_LETTERS = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r"}
_LOOKS_LIKE_A_KEY = re.compile(r"\b(sk|key|pk|gsk|xai)-[\w*.-]{6,}")


def cleaner(secrets: Iterable[str]) -> Clean:
    """Returns a function that blots the secrets out of a text.

    They are found in any case and however they are written: escaped as in JSON, HTML or a URL,
    character by character and more than once, in hexadecimal and in base64. The first half of one
    goes too, and where the text begins or ends within one, a shorter piece. Clean first, then cut.

    Raises:
        UsageError: a secret is too short to be told from ordinary text.
    """
    known = set(secrets)
    for secret in known:
        if len(secret) < SHORTEST:
            raise UsageError(f"a secret of fewer than {SHORTEST} characters cannot be redacted")
    if not known:
        return lambda text: text

    @cache
    def needles() -> list[_Needle]:
        return sorted(_needles(known), key=lambda needle: len(needle.plain), reverse=True)

    def clean(text: str) -> str:
        low = text.lower()  # most texts are clean, and plain searches say so far quicker
        escaped = any(mark in text for mark in _ESCAPES)
        for needle in needles():
            if (needle.is_secret and escaped) or needle.lead_text in low:
                text = needle.out_of(text)
        for needle in needles():
            text = needle.off_the_end(text)
        return _off_the_beginning(text, [needle.plain for needle in needles()])

    return clean


def _needles(known: set[str]) -> Iterator[_Needle]:
    for secret in known:
        yield _Needle([_any_way(char) for char in secret], secret)
    for form in {form for secret in known for form in _forms(secret)} - known:
        if len(form) >= SHORTEST:
            yield _Needle([re.escape(char) for char in form], form)


class _Needle:
    """One way in which a secret is written.

    Args:
        ways: the patterns of its characters.
        form: its characters.
    """

    def __init__(self, ways: list[str], form: str) -> None:
        self.plain = form.lower()
        self.is_secret = ways[0] != re.escape(form[0])
        half = max(_SHORTEST_LEAD, len(form) // 2)
        self.lead_text = self.plain[:half]
        self._ways = [_compiled(way) for way in ways]
        self._lead = re.compile("".join(ways[:half]), re.IGNORECASE)
        self._piece = re.compile("".join(ways[:_SHORTEST_PIECE]), re.IGNORECASE)
        self._begun = min(half, len(form)), min(_SHORTEST_PIECE, len(form))

    def out_of(self, text: str) -> str:
        """Returns the text without the whole, or its first half and what follows of it."""
        kept, place = [], 0
        while (found := self._lead.search(text, place)) is not None:
            kept += [text[place : found.start()], MARK]
            place = self._end(text, found.end(), self._begun[0])
        return "".join([*kept, text[place:]]) if kept else text

    def off_the_end(self, text: str) -> str:
        """Returns the text without a piece of the secret at its end."""
        begin = max(0, len(text) - _LONGEST_ESCAPE * len(self.plain))
        if self._piece.search(text, begin) is None:
            return text
        for found in self._piece.finditer(text, begin):
            end = self._end(text, found.end(), self._begun[1])
            if _NOTHING_MORE.match(text, end):
                return f"{text[: found.start()]}{MARK}{text[end:]}"
        return text

    def _end(self, text: str, place: int, begun: int) -> int:
        for way in self._ways[begun:]:
            found = way.match(text, place)
            if found is None:
                broken = _BROKEN_ESCAPE.match(text, place)
                return place if broken is None else broken.end()
            place = found.end()
        return place


def cleaner_of(secrets: Iterable[str | None]) -> Clean:
    """Returns a cleaner of what there is, without what is too short to be told from words."""
    return cleaner(secret for secret in secrets if secret is not None and len(secret) >= SHORTEST)


def without_keys(text: str) -> str:
    """Returns the text without anything that looks like a key of a model's provider."""
    return _LOOKS_LIKE_A_KEY.sub("(key)", text)


def _off_the_beginning(text: str, forms: Iterable[str]) -> str:
    """Blots out the piece of a secret with which the text begins."""
    head = text[: max(map(len, forms))].lower()
    first = max(_overlap(form, head) for form in forms)
    return f"{MARK}{text[first:]}" if first else text


def _overlap(form: str, head: str) -> int:
    """Returns the length of the longest end of `form`, but not all, with which `head` begins."""
    key = head[:_SHORTEST_PIECE]
    if len(key) < _SHORTEST_PIECE:
        return 0
    place = form.find(key, 1)
    while place >= 0:
        if head.startswith(form[place:]):
            return len(form) - place
        place = form.find(key, place + 1)
    return 0


def _forms(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield from (secret, raw.hex(), html.escape(secret))
    yield from (raw.hex(" "), raw.hex(":"))
    yield from (urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret))
    yield from _base64_forms(raw)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """The base64 text of a secret differs by where in a larger text it begins."""
    for shift, begin in ((0, 0), (1, 2), (2, 3)):
        cut_off = -1 if (len(raw) + shift) % 3 else None
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * shift + raw).decode().rstrip("=")[begin:cut_off]


@cache
def _compiled(way: str) -> re.Pattern[str]:
    return re.compile(way, re.IGNORECASE)


@cache
def _any_way(char: str) -> str:
    """Returns the pattern of a character that may be escaped in some way."""
    code, bytes_ = ord(char), char.encode()
    units = char.encode("utf-16-be")
    pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
    ways = [
        "".join(rf"\\{{1,8}}u\{{?0{{0,8}}{pair.lstrip('0') or '0'}\}}?" for pair in pairs),
        "".join(rf"\\{{1,8}}x{byte:02x}" for byte in bytes_),
        "".join(f"%(?:25){{0,4}}{byte:02x}" for byte in bytes_),
        rf"&(?:amp;){{0,4}}#(?:0{{0,8}}{code}|x0{{0,8}}{code:x});?",
    ]
    if code < 0x100:
        ways.append(rf"\\{{1,8}}0{{0,8}}{code:o}")
    if char in _LETTERS:
        ways.append(rf"\\{{1,8}}{_LETTERS[char]}")
    if char == " ":
        ways.append(r"\+")
    if code > 0xFF:
        ways.append(rf"\\{{1,8}}U0{{0,8}}{code:x}")
    elif code > 0x7F:
        ways.append(rf"\\{{1,8}}x{code:02x}")
    names = [name.rstrip(";") for name in _NAMED.get(char, ())]
    if names:
        ways.append(f"&(?:amp;){{0,4}}(?:{'|'.join(dict.fromkeys(names))});?")
    plain = rf"\\{{0,8}}{re.escape(char)}"  # last: it is the beginning of longer ones
    return f"(?:{'|'.join([*ways, plain])})"
