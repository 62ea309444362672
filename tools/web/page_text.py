"""From the bytes of a web page to text that a policy can read."""

from __future__ import annotations

import codecs
import itertools
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any

from ...ledger.errors import ToolError
from .urls import RequestTarget, target

MAX_ELEMENTS = 20_000
"""Elements of a page above which its main text is not looked for: all its text is given."""

MAX_LINKS = 500
"""Links of a page that are looked at."""

_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_TEXTS = frozenset({
    "application/ecmascript", "application/javascript", "application/json", "application/toml",
    "application/x-ndjson", "application/x-yaml", "application/xml", "application/yaml",
})  # fmt: skip
_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_CHARSETS = re.compile(
    r"utf-8|utf-16(-[bl]e)?|iso8859-\d+|cp(866|874|932|949|125\d)|koi8-[rtu]|shift_jis|euc_(jp|kr)"
    r"|iso2022_jp|gb2312|gbk|gb18030|big5|big5hkscs|mac-(roman|cyrillic)|tis-620"
)
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w.:-]{1,40})"
)
_LOOKS_LIKE_MARKUP = re.compile(rb"\s*<(!doctype\s+html|html|head|body|\?xml)", re.IGNORECASE)
_BLOCK_TAGS = (
    "address article aside blockquote br dd div dl dt figcaption footer form h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol p pre section table td th tr ul"
)
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_SILENT = frozenset({"script", "style", "template", "noscript", "head"})


@dataclass(frozen=True, kw_only=True)
class WebPage:
    """What a page says."""

    title: str
    """Empty where the page has none."""
    text: str
    links: tuple[tuple[str, str], ...] = ()
    """Text and address of each link to another page, in order, each address once."""


def readable(body: bytes, content_type: str, address: RequestTarget) -> WebPage:
    """Returns what a reply's body says.

    Args:
        body: the unpacked bytes.
        content_type: the header of that name; may be empty.
        address: where the page lies: its links count from there.

    Raises:
        ToolError: it is neither a web page nor text.
    """
    header = Message()
    header["Content-Type"] = content_type
    kind = header.get_content_type() if content_type.strip() else _guessed(body)
    is_markup = kind in _MARKUP
    if not (
        is_markup or kind.startswith("text/") or kind in _TEXTS or kind.endswith(("+json", "+xml"))
    ):
        raise ToolError(f"it is of the kind {kind[:80]!r}: only web pages, text and JSON are read")
    text = decoded(body, header.get_content_charset())
    if is_markup:
        return _page(text, address)
    if "\0" in text[:8192]:
        raise ToolError(f"it is said to be {kind[:80]!r} but holds binary data")
    return WebPage(title="", text=text)


def _guessed(body: bytes) -> str:
    if b"\0" in body[:8192] and not body.startswith(tuple(_BOMS)):
        return "application/octet-stream"
    return "text/html" if _LOOKS_LIKE_MARKUP.match(body[:1024]) else "text/plain"


def decoded(body: bytes, declared: str | None) -> str:
    """Returns the text of a body. Unknown character sets are read as UTF-8, bad bytes as `�`."""
    for mark, encoding in _BOMS.items():
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    in_page = _DECLARED.search(body[:2048])
    names = [declared or "", in_page[1].decode() if in_page else ""]
    charset = next((name for name in map(_charset, names) if name), "utf-8")
    return body.decode(charset, "replace")


def _charset(name: str) -> str | None:
    """Returns Python's name of a character set, never of a codec that is none (`punycode`)."""
    try:
        found = codecs.lookup(name.strip().lower()).name
    except (LookupError, ValueError, UnicodeError):
        return None
    if found in ("ascii", "iso8859-1"):
        return "cp1252"
    return found if _CHARSETS.fullmatch(found) else None


def _page(markup: str, address: RequestTarget) -> WebPage:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what fails, the policy is told
    tree = trafilatura.load_html(markup)
    if tree is None:
        return WebPage(title="", text=_unmarked(markup))
    title = _line(tree.findtext(".//title") or "")[:300]
    links = tuple(_links(tree, address))
    whole = "".join(_texts(tree))
    text = None
    if sum(1 for _ in tree.iter()) <= MAX_ELEMENTS:
        text = trafilatura.extract(
            tree, output_format="markdown", include_comments=False, favor_recall=True
        )
    return WebPage(title=title, text=text or _tidy(whole), links=links)


def _texts(tree: Any) -> Iterator[str]:
    """Yields the text of a tree with line breaks round its blocks, without recursion."""
    from lxml import etree  # type: ignore[import-untyped]

    silent = 0
    for event, node in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        is_tag = isinstance(node.tag, str)
        if is_tag and node.tag in _SILENT:
            silent += 1 if event == "start" else -1
        if is_tag and node.tag in _BLOCKS:
            yield "\n"
        said = node.text if event == "start" else node.tail
        if said and not silent:
            yield said.replace("\n", " ")


def _links(tree: Any, address: RequestTarget) -> Iterator[tuple[str, str]]:
    """Yields the text and address of the links to other pages, each address once."""
    seen = {str(address)}
    for node in itertools.islice(tree.iterfind(".//a[@href]"), MAX_LINKS):
        said = _line("".join(node.itertext()))[:100]
        try:
            where = str(target(node.get("href"), address))
        except ToolError:
            continue
        if said and where not in seen:
            seen.add(where)
            yield said, where


def _unmarked(markup: str) -> str:
    """Returns markup that no parser takes without what looks like tags."""
    return _tidy(re.sub(r"<[^<>]{0,1000}>", " ", markup))


def _line(text: str) -> str:
    return " ".join(text.split())


def _tidy(text: str) -> str:
    lines = (_line(line) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
