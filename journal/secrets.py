"""Finds secrets in text, in the forms in which programs write them, and blots them out."""

from __future__ import annotations

import base64
import html
import html.entities
import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator

from ..ledger.errors import UsageError

MARK = "[redacted]"
SHORTEST = 4
"""Shorter secrets would blot out ordinary text."""

_SHORTEST_PIECE = 6
"""The same for a piece of one at the beginning or the end of a text."""

Clean = Callable[[str], str]

_ESCAPES = ("\\", "%", "&")
_NAMED = {
    char: sorted(name for name, value in html.entities.html5.items() if value == char)
    for char in map(chr, range(0x21, 0x7F))
    if not char.isalnum()
}
_LOOKS_LIKE_A_KEY = re.compile(r"\b(sk|key|pk|gsk|xai)-[\w*.-]{6,}")


def cleaner(secrets: Iterable[str]) -> Clean:
    """Returns a function that blots the secrets out of a text.

    They are found in any case and however they are written: escaped as in JSON, HTML or a URL,
    character by character and more than once, in hexadecimal and in base64. Where the text begins
    or ends within a secret, that piece goes too. Clean first, then cut.

    Raises:
        UsageError: a secret is too short to be told from ordinary text.
    """
    known = set(secrets)
    for secret in known:
        if len(secret) < SHORTEST:
            raise UsageError(f"a secret of fewer than {SHORTEST} characters cannot be redacted")
    if not known:
        return lambda text: text
    whole = {form for secret in known for form in _forms(secret) if len(form) >= SHORTEST}
    lowered = sorted({form.lower() for form in whole}, key=len, reverse=True)
    encoded = whole - known
    parts = [*map(re.escape, encoded), *map(_escaped, known)]
    pattern = re.compile("|".join(sorted(parts, key=len, reverse=True)), re.IGNORECASE)

    def clean(text: str) -> str:
        low = text.lower()  # most texts are clean, and plain searches say so far quicker
        if any(form in low for form in lowered) or any(mark in text for mark in _ESCAPES):
            text = pattern.sub(MARK, text)
        return _without_ends(text, lowered)

    return clean


def cleaner_of(secrets: Iterable[str | None]) -> Clean:
    """Returns a cleaner of what there is, without what is too short to be told from words."""
    return cleaner(secret for secret in secrets if secret is not None and len(secret) >= SHORTEST)


def without_keys(text: str) -> str:
    """Returns the text without anything that looks like a key of a model's provider."""
    return _LOOKS_LIKE_A_KEY.sub("(key)", text)


def _without_ends(text: str, forms: Iterable[str]) -> str:
    """Blots out the piece of a secret at which the text begins or ends."""
    longest = max(map(len, forms)) if text else 0
    head, tail = text[:longest].lower(), text[-longest:].lower() if longest else ""
    first = max((_overlap(form, head) for form in forms), default=0)
    last = max((_overlap(form[::-1], tail[::-1]) for form in forms), default=0)
    if last:
        text = f"{text[: len(text) - last]}{MARK}"
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


def _escaped(secret: str) -> str:
    """Returns the pattern of a secret each of whose characters may be escaped in some way."""
    return "".join(map(_any_way, secret))


def _any_way(char: str) -> str:
    code, bytes_ = ord(char), char.encode()
    units = char.encode("utf-16-be")
    pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
    ways = [
        rf"\\{{0,8}}{re.escape(char)}",
        "".join(rf"\\{{1,8}}u\{{?0{{0,8}}{pair.lstrip('0') or '0'}\}}?" for pair in pairs),
        "".join(rf"\\{{1,8}}x{byte:02x}" for byte in bytes_),
        "".join(f"%(?:25){{0,4}}{byte:02x}" for byte in bytes_),
        rf"&(?:amp;){{0,4}}#(?:0{{0,8}}{code}|x0{{0,8}}{code:x});?",
    ]
    if code < 0x100:
        ways.append(rf"\\{{1,8}}0{{0,8}}{code:o}")
    if char == " ":
        ways.append(r"\+")
    if code > 0xFF:
        ways.append(rf"\\{{1,8}}U0{{0,8}}{code:x}")
    elif code > 0x7F:
        ways.append(rf"\\{{1,8}}x{code:02x}")
    names = [name.rstrip(";") for name in _NAMED.get(char, ())]
    if names:
        ways.append(f"&(?:amp;){{0,4}}(?:{'|'.join(dict.fromkeys(names))});?")
    return f"(?:{'|'.join(ways)})"
