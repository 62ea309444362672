"""A folder of the user's documents: which files there are, and their plain text."""

from __future__ import annotations

import codecs
import difflib
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...ledger.errors import ToolError
from .html_text import html_text

SUFFIXES = frozenset({".txt", ".md", ".markdown", ".rst", ".csv", ".tsv", ".json", ".html", ".htm"})

MAX_BYTES = 16 * 1024 * 1024
"""Size of a file above which it is not read."""

HINTED = 500
"""Names, from the first on, that a wrong name is compared with: comparing is slow."""

_HEADING = re.compile(r"#+\s+(.+?)\s*#*$")
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class UnreadableFile(Exception):
    """A file has no text to offer. The message says why, in a few words."""


@dataclass(frozen=True)
class Document:
    """A file's plain text. `name` is its path below the folder, with forward slashes."""

    name: str
    title: str
    text: str


class Corpus:
    """The text-like files below a folder. Hidden ones and links that leave it do not count."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def names(self) -> Iterator[str]:
        """Yields every document's name, in order."""
        for parent, folders, files in os.walk(self._folder):
            folders[:] = sorted(each for each in folders if not each.startswith("."))
            below = Path(parent).relative_to(self._folder)
            yield from (
                (below / file).as_posix() for file in sorted(files) if self._counts(below / file)
            )

    def document(self, name: str) -> Document:
        """Returns a document.

        Raises:
            ToolError: there is none of this name, or it cannot be read.
        """
        path = Path(name.replace("\0", "")[:1000])
        if "\0" in name or not self._counts(path):
            raise ToolError(self._no_such(name))
        try:
            return self.read(path.as_posix())
        except UnreadableFile as exc:
            raise ToolError(f"{path.as_posix()} cannot be read: {exc}") from exc

    def read(self, name: str) -> Document:
        """Returns the document of a name that `names` yielded.

        Raises:
            Unreadable: it is too large, binary, or the disk does not give it.
        """
        text = _decoded(self._bytes(self._folder / name))
        title = ""
        if name.lower().endswith((".html", ".htm")):
            title, text = _from_html(text)
        return Document(name, title or _title(name, text), text)

    def _bytes(self, path: Path) -> bytes:
        try:
            size = path.stat().st_size
            if size > MAX_BYTES:
                raise UnreadableFile(f"it has {size:,} bytes, above the limit of {MAX_BYTES:,}")
            return path.read_bytes()
        except OSError as exc:
            raise UnreadableFile(exc.strerror or "the disk does not give it") from exc

    def _counts(self, path: Path) -> bool:
        """True if the path, relative to the folder, is a document that lies inside it."""
        if path.suffix.lower() not in SUFFIXES or any(part.startswith(".") for part in path.parts):
            return False
        try:
            path.as_posix().encode()
            real = (self._folder / path).resolve(strict=True)
            return real.is_relative_to(self._folder) and real.is_file()
        except (OSError, ValueError, RuntimeError):
            return False

    def _no_such(self, name: str) -> str:
        names = list(itertools.islice(self.names(), HINTED))
        close = difflib.get_close_matches(name[:200], names, n=3, cutoff=0.5)
        hint = f"; close to it: {', '.join(close)}" if close else ""
        return f"there is no document named {name[:200]!r}{hint}"


def _from_html(page: str) -> tuple[str, str]:
    try:
        return html_text(page)
    except Exception as exc:  # the parser fails in many ways on pages made to break it
        raise UnreadableFile("its HTML is broken") from exc


def _decoded(data: bytes) -> str:
    for mark, encoding in _BOMS.items():
        if data.startswith(mark):
            return data.removeprefix(codecs.BOM_UTF8).decode(encoding, "replace")
    if b"\0" in data[:8192]:
        raise UnreadableFile("it is binary")
    return data.decode("utf-8", "replace")


def _title(name: str, text: str) -> str:
    """Returns the first heading, else the file's name without its ending."""
    for line in text[:2000].splitlines():
        if heading := _HEADING.match(line):
            return heading[1][:120]
    return Path(name).stem
