"""The journal: one append-only file of events per process, with group commit.

An event is written to the operating system before `append` returns, so it survives a crash of
the process; holds, and what comes just before them, may be written together. `durable` waits for
fsync, so that what was appended before survives a crash of the machine; concurrent waiters share
one fsync.

The file is locked for the life of the process: whoever can take the lock knows that the writer
is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import time
import uuid
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from ..ledger.errors import JournalError
from .events import FORMAT, Event
from .file_lock import hold, is_held
from .line import written
from .private_files import close_to_others, private_folder


class Journal:
    """Appends events to `home/journals/<id>.jsonl`.

    Args:
        home: the folder of the store; it is made where it does not exist.

    Raises:
        JournalError: the folder or the file cannot be written.
    """

    def __init__(self, home: Path) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        self.id = f"{stamp}-{uuid.uuid4().hex[:8]}"
        self.path = home / "journals" / f"{self.id}.jsonl"
        self._lines = 0
        self._queue: list[bytes] = []
        self._size = 0
        self._broken: JournalError | None = None
        self._lock = threading.Lock()
        self._wanted = threading.Condition()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._closing = False
        try:
            private_folder(self.path.parent)
            close_to_others(home)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._file = os.open(self.path, flags, 0o600)
            self._release = hold(self.path)
        except OSError as error:
            raise JournalError(
                f"the journal cannot be written under {home}: {error.strerror}; "
                "choose another folder with --home or OUTLAY_HOME"
            ) from error
        body = {"format": FORMAT, "journal": self.id, "pid": os.getpid(), "version": _version()}
        self.append(Event("", 0, "journal", body={**body, "host": socket.gethostname()}))
        self._syncer = threading.Thread(target=self._sync_loop, name="outlay-fsync", daemon=True)
        self._syncer.start()

    def append(self, event: Event, *, lazily: bool = False) -> str:
        """Writes the event to the operating system and returns its id.

        Args:
            lazily: the event may wait: it is written before the next one that may not, and
                before `durable` returns.

        Raises:
            JournalError: the disk is full or the file cannot be written. The file then ends
                where it ended before; every later append fails too if even that is impossible.
        """
        with self._lock:
            if self._broken is not None:
                raise self._broken
            id = f"{self.id}:{self._lines}"
            data = event.to_dict()
            data["id"] = id
            data["t"] = time.time()
            self._queue.append(written(data))
            if not lazily:
                try:
                    self._flush()
                except JournalError:
                    self._queue.pop()  # those before it wait for the next try
                    raise
            self._lines += 1
            return id

    async def durable(self) -> None:
        """Returns once everything appended so far is on the disk.

        Raises:
            JournalError: the disk says that it could not be kept.
        """
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        with self._wanted:
            if self._closing:
                raise JournalError(f"the journal {self.path} is closed")
            self._waiters.append((loop, waiter))
            self._wanted.notify()
        await waiter

    def abandon(self) -> None:
        """Leaves the journal to the process that this one was forked from."""
        os.close(self._file)
        self._release()

    def close(self) -> None:
        """Writes what is left and gives the lock back."""
        with self._wanted:
            if self._closing:
                return
            self._closing = True
            self._wanted.notify()
        self._syncer.join()
        with contextlib.suppress(OSError, JournalError):
            self._flush()
            os.fsync(self._file)
        os.close(self._file)
        self._release()

    def _flush(self) -> None:
        if self._queue:
            self._write(b"".join(self._queue))
            self._queue.clear()

    def _write(self, line: bytes) -> None:
        done = 0
        try:
            while done < len(line):
                done += os.write(self._file, line[done:])
        except OSError as error:
            failure = JournalError(f"the journal {self.path} cannot be written: {error.strerror}")
            try:
                os.ftruncate(self._file, self._size)
            except OSError:
                self._broken = failure
            raise failure from error
        self._size += done

    def _sync_loop(self) -> None:
        while True:
            with self._wanted:
                while not self._waiters and not self._closing:
                    self._wanted.wait()
                batch, self._waiters = self._waiters, []
                if not batch:
                    return
            error: JournalError | None = None
            try:
                with self._lock:
                    self._flush()
                _sync(self._file)
            except JournalError as failure:
                error = failure
            except OSError as failure:
                error = JournalError(f"the journal {self.path} was lost: {failure.strerror}")
                self._broken = error
            for loop in {loop for loop, _ in batch}:
                waiters = [waiter for owner, waiter in batch if owner is loop]
                with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                    loop.call_soon_threadsafe(_finish, waiters, error)


def _finish(waiters: list[asyncio.Future[None]], error: JournalError | None) -> None:
    for waiter in waiters:
        if waiter.done():
            continue
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)


def _sync(file: int) -> None:
    """Puts a file's bytes on the disk; macOS and Windows know no way that leaves its times out."""
    getattr(os, "fdatasync", os.fsync)(file)


@cache
def _version() -> str | None:
    """Returns the version of this package; None where it runs without being installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("outlay")
    except PackageNotFoundError:
        return None


def is_live(path: Path) -> bool:
    """Returns whether a live process still writes this journal."""
    return is_held(path)
