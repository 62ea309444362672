"""`list_files`, `read_file`, `write_file` and `edit_file` inside one folder."""

from __future__ import annotations

import dataclasses
import os
from decimal import Decimal
from pathlib import Path

from ...ledger.errors import ToolError, UsageError
from ..context import ToolContext
from ..functions.tool import Price, tool
from ..paging import page
from ..protocol import Tool
from .confined_folder import Folder

MAX_READ = 16 * 1024 * 1024
"""Bytes of a file above which it is not read."""

MAX_WRITTEN = 1024 * 1024
"""Bytes of a file above which it is not written."""

LISTED = 500
"""Entries of a folder that are listed."""


def files(
    root: Path | str,
    *,
    write: bool = True,
    price: Price = Decimal(0),
    max_written: int = MAX_WRITTEN,
) -> tuple[Tool, ...]:
    """Returns the tools that list, read, write and edit the files below a folder.

    No path leads out of it; links, devices and hidden names are refused, and so are writing a
    `outlay.toml`, and the run's home and prices file.

    Args:
        root: the folder.
        write: False leaves out the tools that change files.
        price: USD per call.
        max_written: bytes of a file above which it is not written.

    Raises:
        UsageError: the folder does not exist, or this system cannot keep to it.
    """
    if os.open not in os.supports_dir_fd or not hasattr(os, "O_NOFOLLOW"):
        raise UsageError("the tools for files need a POSIX system (Linux, macOS)")
    if not Path(root).is_dir():
        raise UsageError(f"there is no folder {str(root)!r}: make it or name another")
    folder = Folder(Path(root))
    reading = (_list_files(folder, price), _read_file(folder, price))
    if not write:
        return reading
    return *reading, _write_file(folder, price, max_written), _edit_file(folder, price, max_written)


def _list_files(folder: Folder, price: Price) -> Tool:
    @tool(price=price, read_only=True)
    def list_files(context: ToolContext, path: str = ".") -> str:
        """Lists the files and folders in a folder, with the size of files in bytes.

        Args:
            path: the folder, relative to the top; `.` is the top itself.
        """
        entries = folder.without(context.closed).entries(path, LISTED + 1)
        lines = [f"{e.name}/" if e.size is None else f"{e.name}  {e.size:,}" for e in entries]
        if len(lines) > LISTED:
            lines[LISTED:] = [f"[only the first {LISTED} entries are listed]"]
        return "\n".join(lines) or "(the folder is empty)"

    return list_files


def _read_file(folder: Folder, price: Price) -> Tool:
    @tool(price=price, read_only=True)
    def read_file(path: str, context: ToolContext, start: int = 0) -> str:
        """Reads a text file.

        Args:
            path: the file, relative to the top.
            start: the first character to read.
        """
        return page(_text(folder.without(context.closed), path), start, f'read_file(path="{path}"')

    return read_file


def _write_file(folder: Folder, price: Price, most: int) -> Tool:
    @tool(price=price)
    def write_file(path: str, text: str, context: ToolContext) -> str:
        """Writes a text file: makes it, or replaces all that it held.

        Args:
            path: the file, relative to the top; folders are made as needed.
            text: all that the file is to hold.
        """
        size = _write(folder.without(context.closed), path, text, most)
        return f"wrote {size:,} bytes to {path}"

    return dataclasses.replace(write_file, concurrency=1)


def _edit_file(folder: Folder, price: Price, most: int) -> Tool:
    @tool(price=price)
    def edit_file(path: str, old: str, new: str, context: ToolContext) -> str:
        """Replaces one passage of a text file.

        Args:
            path: the file, relative to the top.
            old: the passage exactly as it stands there; it must occur once.
            new: what stands there afterwards.
        """
        inside = folder.without(context.closed)
        text = _text(inside, path)
        found = text.count(old) if old else 0
        if found != 1:
            raise ToolError(
                f"`old` occurs {found} times in {path}: give a passage that occurs once"
            )
        size = _write(inside, path, text.replace(old, new), most)
        return f"replaced one passage; {path} has {size:,} bytes now"

    return dataclasses.replace(edit_file, concurrency=1)


def _text(folder: Folder, path: str) -> str:
    try:
        return folder.read(path, MAX_READ).decode()
    except UnicodeDecodeError as exc:
        raise ToolError(f"{path} is no text in UTF-8") from exc


def _write(folder: Folder, path: str, text: str, most: int) -> int:
    try:
        data = text.encode()
    except UnicodeEncodeError as exc:
        raise ToolError("the text holds characters that UTF-8 cannot write") from exc
    if len(data) > most:
        raise ToolError(f"the file would have {len(data):,} bytes, above the limit of {most:,}")
    folder.write(path, data)
    return len(data)
