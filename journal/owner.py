"""What only one process may go on with at a time, and which process that is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..ledger.errors import JournalError, UsageError
from ..ledger.forks import told_of_forks
from .file_lock import LOCK, Release


@contextmanager
def owned(path: Path, what: str) -> Iterator[None]:
    """Owns something meanwhile; who is killed owns nothing any more.

    Args:
        path: the file that stands for it; it says who owns it, and stays.
        what: what is owned, in words.

    Raises:
        UsageError: another process owns it, or another part of this one.
        JournalError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        release = LOCK.take(path)
        if release is None:
            owner = path.read_text("utf-8") or "another process"
            raise UsageError(
                f"{what} is under way in {owner}: wait until that has ended, or stop it first"
            )
        path.write_text(f"process {os.getpid()} on {socket.gethostname()}", "utf-8")
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror}") from error
    hand = told_of_forks(_Hand(release))
    try:
        yield
    finally:
        hand.open()


class _Hand:
    """Holds a lock; a forked child does not, and lets go of its copy."""

    def __init__(self, release: Release) -> None:
        self._release: Release | None = release

    def open(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None

    after_fork = open
