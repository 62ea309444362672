"""Complete tool outputs, kept on disk under the hash of their content."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..journal.private_files import private_folder
from ..ledger.errors import ToolError

LIMIT = 64 * 1024 * 1024
"""Bytes kept of one output."""

CHUNK = 16_000
"""Characters given back by one reading."""

_REF = re.compile(r"[0-9a-f]{16}")


class Outputs:
    """A folder of outputs. Each is written once, whole or not at all, and never changed."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self.limit = limit

    def put(self, text: str) -> str:
        """Keeps a text and returns its ref.

        Of a text longer than the limit its beginning is kept, with a note at the end that says so.

        Raises:
            OSError: the disk does not take it.
        """
        data = self._bounded(text.encode("utf-8", "replace"))
        ref = hashlib.blake2b(data, digest_size=8).hexdigest()
        path = self._path(ref)
        if not path.exists():
            private_folder(self.folder)
            _write_whole(path, data)
        return ref

    def get(self, ref: str, start: int = 0, length: int | None = CHUNK) -> str:
        """Returns up to `length` characters (None: all) from character `start` of an output.

        Raises:
            ToolError: no output has this ref, or `start` is negative.
        """
        if start < 0:
            raise ToolError(f"start must be 0 or more, not {start}")
        return self._text(ref)[start : None if length is None else start + length]

    def remove(self, refs: Iterable[str]) -> None:
        """Deletes outputs; those that are not there do not matter.

        Raises:
            OSError: one cannot be deleted.
        """
        for ref in refs:
            self._path(ref).unlink(missing_ok=True)

    def _text(self, ref: str) -> str:
        if not _REF.fullmatch(ref):
            raise ToolError(f"{ref[:80]!r} is no ref: a ref has 16 hexadecimal digits")
        try:
            return self._path(ref).read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            raise ToolError(f"no output is kept under the ref {ref}") from None
        except OSError as exc:
            raise ToolError(f"the output {ref} cannot be read: {exc.strerror}") from exc

    def _path(self, ref: str) -> Path:
        return self.folder / f"{ref}.txt"

    def _bounded(self, data: bytes) -> bytes:
        if len(data) <= self.limit:
            return data
        kept = data[: self.limit].decode("utf-8", "ignore")
        note = f"\n[the output had {len(data):,} bytes; only the first {self.limit:,} were kept]"
        return (kept + note).encode()


def _write_whole(path: Path, data: bytes) -> None:
    """Writes beside the path and renames, so that nobody ever sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
