"""Finds secrets in text, in the forms in which programs write them."""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator

from ...ledger.errors import UsageError

MARK = "[redacted]"
SHORTEST = 4
"""Shorter secrets would blot out ordinary text."""

Clean = Callable[[str], str]


def cleaner(secrets: Iterable[str]) -> Clean:
    """Returns a function that blots the secrets out of a text.

    Raises:
        UsageError: a secret is too short to be told from ordinary text.
    """
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) < SHORTEST:
            raise UsageError(f"a secret of fewer than {SHORTEST} characters cannot be redacted")
        forms.update(form for form in _forms(secret) if len(form) >= SHORTEST)
    if not forms:
        return lambda text: text
    longest_first = sorted(forms, key=len, reverse=True)
    lowered = {form.lower() for form in forms}
    pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def clean(text: str) -> str:
        low = text.lower()  # most texts are clean, and plain searches say so far quicker
        if not any(form in low for form in lowered):
            return text
        return pattern.sub(MARK, text)

    return clean


def _forms(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield from (secret, raw.hex(), html.escape(secret), repr(secret)[1:-1], repr(raw)[2:-1])
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    for quoted in (urllib.parse.quote, urllib.parse.quote_plus):
        yield from (quoted(secret), quoted(secret, safe=""))
    yield from _base64_forms(raw)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """The base64 text of a secret differs by where in a larger text it begins."""
    for shift, begin in ((0, 0), (1, 2), (2, 3)):
        cut_off = -1 if (len(raw) + shift) % 3 else None
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * shift + raw).decode().rstrip("=")[begin:cut_off]
