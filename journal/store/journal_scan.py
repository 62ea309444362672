"""Finds what the journals have new, in pieces of complete lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ...ledger.errors import JournalError
from ..events import FORMAT
from ..journal import is_live
from ..line import read

PIECE = 128 * 1024 * 1024
"""Bytes that are loaded in one transaction, and kept in memory meanwhile."""

_COMMON = ("id", "run", "seq", "t", "at", "kind", "key")


@dataclass(frozen=True)
class JournalOffset:
    """How much of a journal is loaded."""

    bytes: int = 0
    lines: int = 0
    format: int = FORMAT


@dataclass(frozen=True)
class JournalChunk:
    """Complete lines of one journal, from `start` on."""

    name: str
    start: JournalOffset
    data: bytes
    format: int

    @cached_property
    def lines(self) -> int:
        return self.data.count(b"\n")

    @property
    def end(self) -> JournalOffset:
        return JournalOffset(
            self.start.bytes + len(self.data), self.start.lines + self.lines, self.format
        )

    @property
    def corrupt(self) -> int:
        """How many of the lines are no event."""
        return sum(event_in(line) is None for line in self.data.split(b"\n")[:-1])


@dataclass
class JournalScan:
    """Reads journals from the recorded positions on.

    Args:
        folder: the journals.
        positions: how much of each is loaded, by name.
    """

    folder: Path
    positions: Mapping[str, JournalOffset]
    torn: list[str] = field(default_factory=list)
    """Files whose last line is incomplete and whose writer is gone."""
    shorter: list[str] = field(default_factory=list)
    """Files that have lost bytes which were loaded before."""

    def batches(self) -> Iterator[list[JournalChunk]]:
        """Yields pieces of about `PIECE` bytes together.

        Raises:
            JournalError: a journal cannot be read, or is of a newer format.
        """
        batch: list[JournalChunk] = []
        size = 0
        for piece in self._pieces():
            batch.append(piece)
            size += len(piece.data)
            if size >= PIECE:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _pieces(self) -> Iterator[JournalChunk]:
        for path in sorted(self.folder.glob("*.jsonl")):
            position = self.positions.get(path.stem, JournalOffset())
            try:
                yield from self._read(path, position)
            except OSError as error:
                raise JournalError(
                    f"the journal {path} cannot be read: {error.strerror}"
                ) from error

    def _read(self, path: Path, position: JournalOffset) -> Iterator[JournalChunk]:
        size = path.stat().st_size
        if size == position.bytes:
            return
        if size < position.bytes:
            self.shorter.append(path.name)
            return
        with path.open("rb") as file:
            while position.bytes < size:
                data = _complete_lines(file, position.bytes, size)
                if not data:
                    if not is_live(path) and path.stat().st_size == size:
                        self.torn.append(path.name)
                    return
                format = position.format if position.bytes else _format(path, data)
                piece = JournalChunk(path.stem, position, data, format)
                yield piece
                position = piece.end


def event_in(line: bytes) -> dict[str, Any] | None:
    """Returns what a line of a journal says, or None if it cannot be read as an event."""
    data = read(line)
    is_event = data is not None and all(data.get(name) is not None for name in _COMMON)
    return data if is_event else None


def complete_lines(path: Path) -> list[bytes]:
    """Returns the complete lines of a journal, without their ends; none where it is gone.

    Raises:
        JournalError: it cannot be read.
    """
    try:
        return path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be read: {error.strerror}") from error


def damaged_lines(path: Path) -> list[int]:
    """Returns the numbers of a journal's lines that are no event, counted from 1."""
    lines = enumerate(complete_lines(path), start=1)
    return [number for number, line in lines if event_in(line) is None]


def _complete_lines(file: BinaryIO, start: int, end: int) -> bytes:
    """Returns about `PIECE` bytes up to a line's end, or nothing if no line is complete."""
    file.seek(start)
    data = b""
    while start + len(data) < end:
        more = file.read(min(PIECE, end - start - len(data)))
        if not more:
            break
        stop = more.rfind(b"\n") + 1
        if stop:
            return data + memoryview(more)[:stop]
        data += more
    return b""


def _format(path: Path, data: bytes) -> int:
    try:
        head = orjson.loads(data[: data.index(b"\n")])
    except orjson.JSONDecodeError:
        return FORMAT
    format = head.get("format") if isinstance(head, dict) else None
    if not isinstance(format, int):
        return FORMAT
    if format > FORMAT:
        raise JournalError(
            f"the journal {path} has format {format}, and this outlay reads formats up to "
            f"{FORMAT}: update outlay"
        )
    return format
