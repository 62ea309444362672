"""Locks between processes that end with their holder, whatever ends it.

Where the system has flock (Linux, macOS) the file itself is locked, as every version of outlay
does. Windows keeps others from reading what is locked: there the lock is on a file beside it, with
the suffix `.lock`.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Protocol

from ..ledger.errors import JournalError
from .private_files import private_folder

fcntl: ModuleType | None
try:
    import fcntl
except ModuleNotFoundError:
    fcntl = None

Release = Callable[[], None]
"""Gives a lock back; keep it for as long as the lock is wanted."""

_GLANCE = 0.05
"""Seconds for which one look at a lock may keep another from it."""


class Lock(Protocol):
    """A way to lock files; all processes that share a file take the same."""

    def take(self, path: Path) -> Release | None:
        """Locks a file (made where it does not exist), or returns None if another holds it.

        Raises:
            OSError: the file cannot be opened, or its file system has no locks.
        """
        ...

    def is_held(self, path: Path) -> bool:
        """Returns whether a live process holds the lock; makes nothing."""
        ...


class Flock:
    """flock on the file itself."""

    def take(self, path: Path) -> Release | None:
        return self._try(path, os.O_RDWR | os.O_CREAT, "LOCK_EX")

    def is_held(self, path: Path) -> bool:
        try:
            release = self._try(path, os.O_RDONLY, "LOCK_SH")  # looking does not hinder looking
        except FileNotFoundError:
            return False
        if release is not None:
            release()
        return release is None

    def _try(self, path: Path, flags: int, kind: str) -> Release | None:
        assert fcntl is not None
        file = os.open(path, flags, 0o600)
        try:
            fcntl.flock(file, getattr(fcntl, kind) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except OSError:
            os.close(file)
            raise
        return partial(os.close, file)


class Beside:
    """filelock on the file beside it: `<name>.jsonl` is locked by `<name>.lock`."""

    def take(self, path: Path) -> Release | None:
        return self._try(path, 0)

    def is_held(self, path: Path) -> bool:
        if not path.with_suffix(".lock").exists():
            return False
        release = self._try(path, _GLANCE)
        if release is not None:
            release()
        return release is None

    def _try(self, path: Path, wait: float) -> Release | None:
        from filelock import FileLock, Timeout

        lock = FileLock(path.with_suffix(".lock"), thread_local=False)
        try:
            lock.acquire(timeout=wait, poll_interval=_GLANCE / 10)
        except Timeout:
            return None
        return lock.release


LOCK: Lock = Beside() if fcntl is None else Flock()
"""What this system has."""


def hold(path: Path, *, wait: float = 30.0) -> Release:
    """Locks `path` (made where it does not exist) until it is released or the process ends.

    Raises:
        JournalError: another process kept it for longer than `wait` seconds.
        OSError: as for `Lock.take`.
    """
    give_up = time.monotonic() + wait
    while (release := LOCK.take(path)) is None:
        if time.monotonic() > give_up:
            raise JournalError(
                f"{path} has been locked by another process for {wait:g} s: try again"
            )
        time.sleep(0.01)
    return release


def is_held(path: Path) -> bool:
    """Returns whether a live process, this one included, holds the lock of `path`."""
    return LOCK.is_held(path)


@contextlib.contextmanager
def locked(path: Path, *, wait: float = 30.0) -> Iterator[None]:
    """Holds the lock on `path` meanwhile; makes the folders that it lies in.

    Raises:
        JournalError: as for `hold`, or the file cannot be written.
    """
    try:
        private_folder(path.parent)
        release = hold(path, wait=wait)
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        release()
