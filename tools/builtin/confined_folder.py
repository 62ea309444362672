"""One folder, opened step by step from its own handle, so that no path leads out of it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...ledger.errors import ToolError
from .closed_places import FileId, check_open, file_id, ids_of, refusal

MAX_PATH = 1_000
"""Characters of a path."""

SETTINGS = "outlay.toml"
"""Whoever writes this file gives tools and money to the next run: a policy may not."""

_STEP = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | os.O_RDONLY
_READ = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | os.O_RDONLY
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True)
class FolderEntry:
    """A file or folder; `size` in bytes is None for a folder."""

    name: str
    size: int | None


class Folder:
    """The regular files below a folder. Hidden names and links do not count."""

    def __init__(self, root: Path, closed: frozenset[FileId] = frozenset()) -> None:
        self._root = root.resolve()
        self._closed = closed

    def without(self, closed: Sequence[Path]) -> Folder:
        """Returns the folder so that none of these places can be reached.

        Raises:
            ToolError: it lies in one of them.
        """
        check_open(self._root, closed)
        return Folder(self._root, ids_of(closed))

    def entries(self, path: str, most: int) -> list[FolderEntry]:
        """Returns what lies in a folder, in order, `most` entries at most."""
        with self._folder(_parts(path), path) as handle:
            names = sorted(name for name in os.listdir(handle) if not name.startswith("."))
            found = (_entry(name, handle) for name in names)
            return [entry for entry in found if entry is not None][:most]

    def read(self, path: str, limit: int) -> bytes:
        """Returns a file's bytes.

        Raises:
            ToolError: there is no such regular file inside the folder, or it is larger.
        """
        with self._parent(path) as (parent, name), _told(path):
            handle = os.open(name, _READ, dir_fd=parent)
            with os.fdopen(handle, "rb") as file:
                self._expect_open(os.fstat(handle), path)
                _expect_regular(os.fstat(handle), path)
                data = file.read(limit + 1)
        if len(data) > limit:
            raise ToolError(f"{path} has more than {limit:,} bytes, the most that can be read")
        return data

    def write(self, path: str, data: bytes) -> None:
        """Writes a file, whole or not at all, and makes the folders that it lies in.

        Raises:
            ToolError: there is no such place inside the folder, or the disk does not take it.
        """
        with self._parent(path, make=True) as (parent, name), _told(path):
            if name.casefold() == SETTINGS:
                raise ToolError(f"{path} would be settings of outlay: only a person writes these")
            with contextlib.suppress(FileNotFoundError):
                self._expect_open(os.stat(name, dir_fd=parent, follow_symlinks=False), path)
            mode = _mode(name, parent, path)
            new = f".{secrets.token_hex(8)}.new"
            try:
                with os.fdopen(os.open(new, _NEW, mode, dir_fd=parent), "wb") as file:
                    file.write(data)
                os.rename(new, name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(new, dir_fd=parent)
                raise

    @contextlib.contextmanager
    def _parent(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        parts = _parts(path)
        if not parts:
            raise ToolError(f"{path!r} is a folder: name a file in it")
        with self._folder(parts[:-1], path, make=make) as handle:
            yield handle, parts[-1]

    @contextlib.contextmanager
    def _folder(self, parts: list[str], path: str, *, make: bool = False) -> Iterator[int]:
        with contextlib.ExitStack() as open_ones:
            with _told(path):
                handle = os.open(self._root, _STEP)
                open_ones.callback(os.close, handle)
                for part in parts:
                    if make:
                        with contextlib.suppress(FileExistsError):
                            os.mkdir(part, dir_fd=handle)
                    handle = os.open(part, _STEP, dir_fd=handle)
                    open_ones.callback(os.close, handle)
                    self._expect_open(os.fstat(handle), path)
            yield handle

    def _expect_open(self, found: os.stat_result, path: str) -> None:
        if file_id(found) in self._closed:
            raise refusal(path)


def _parts(path: str) -> list[str]:
    """Returns the names that a path leads through.

    Raises:
        ToolError: it could lead out of the folder, or to something hidden.
    """
    shown = repr(path[:200])
    if len(path) > MAX_PATH or "\0" in path or not path.isprintable():
        raise ToolError(f"{shown} is no path: it is too long or holds characters that no name has")
    if path.startswith(("/", "\\", "~")):
        raise ToolError(f"{shown} does not begin in the folder: write a path relative to it")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ToolError(f"{shown} leads out of the folder: `..` is not allowed")
    if any(part.startswith(".") for part in parts):
        raise ToolError(f"{shown} is hidden: names that begin with a dot are not allowed")
    return parts


def _entry(name: str, folder: int) -> FolderEntry | None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return FolderEntry(name, None)
    return FolderEntry(name, found.st_size) if stat.S_ISREG(found.st_mode) else None


def _mode(name: str, folder: int, path: str) -> int:
    """Returns the permissions of the file that is to be replaced, or those of a new one."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return 0o644
    _expect_regular(found, path)
    return stat.S_IMODE(found.st_mode) & 0o777


def _expect_regular(found: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise ToolError(f"{path} is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise ToolError(f"{path} is no regular file (a link, device or pipe)")


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ELOOP, errno.ENXIO):
            raise ToolError(f"{path} is no regular file (a link, device or pipe)") from exc
        raise ToolError(f"{path}: {exc.strerror or 'the disk does not give it'}") from exc
