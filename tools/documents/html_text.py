"""The readable text of an HTML page, read in one pass whatever the page is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_SILENT = frozenset({"script", "style", "template", "noscript"})
_BLOCK_TAGS = (
    "address article aside blockquote br dd div dl dt figcaption footer form h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol p pre section table td th tr ul"
)
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)|[!?/]")


def html_text(page: str) -> tuple[str, str]:
    """Returns a page's title and its text, a paragraph per block."""
    title: list[str] = []
    parts: list[str] = []
    in_title = False
    for text, tag in _pieces(page):
        if tag is None:
            (title if in_title else parts).append(unescape(text).replace("\n", " "))
        elif tag in ("title", "/title"):
            in_title = tag == "title"
        elif tag.removeprefix("/") in _BLOCKS:
            parts.append("\n\n")
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    shown = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return " ".join("".join(title).split()), shown


def _pieces(page: str) -> Iterator[tuple[str, str | None]]:
    """Yields (text, None) and ("", tag) in order; what is never shown is left out.

    Nothing is looked at twice: `end` stays the first `>` until the reading has passed it.
    """
    small = page.lower()
    at = end = 0
    while (start := page.find("<", at)) >= 0:
        yield page[at:start], None
        if page.startswith("<!--", start):
            closed = page.find("-->", start + 4)
            at = len(page) if closed < 0 else closed + 3
            continue
        if end <= start:
            end = page.find(">", start)
            if end < 0:
                at = start
                break
        found = _NAME.match(page, start + 1)
        if found is None:
            yield "<", None
            at = start + 1
            continue
        at = end + 1
        tag = found[0].lower()
        yield "", tag
        if tag in _SILENT:
            closed = small.find(f"</{tag}", at)
            at = len(page) if closed < 0 else closed
    yield page[at:], None
