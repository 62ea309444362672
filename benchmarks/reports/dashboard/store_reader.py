"""Reads a store that others write, and never waits long for it.

Journals that have grown are loaded before an answer, once a second at most. Where that would take
long it is done in the background, and meanwhile the pages show what was there before. A load that
was begun is carried through: the process ends after it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import duckdb

from ....journal.file_lock import locked
from ....journal.store.database import ask, empty, opened
from ....journal.store.store import Store
from ....ledger.errors import JournalError, UsageError

BETWEEN = 1.0
"""Seconds from the end of a load to the next."""
SOON = 8 * 1024 * 1024
"""Bytes of journals that are loaded at once, while whoever asked waits."""
PATIENCE = 0.5
"""Seconds to wait for the database while somebody else uses it."""
REMEMBERED = 16
"""Answers that are kept."""

T = TypeVar("T")
Row = dict[str, Any]
Journals = dict[str, tuple[int, int]]
"""Size in bytes and time of change in nanoseconds, by name."""


class StoreBusy(JournalError):
    """Somebody else uses the store, and there is no earlier answer."""


@dataclass(frozen=True)
class StoreAnswer(Generic[T]):
    """What a store says."""

    value: T
    note: str = ""
    """Why it may not be of this moment; empty if it is."""


class OpenStore:
    """The store, open for reading."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Returns what a query finds, by column.

        Raises:
            UsageError: DuckDB refuses it.
        """
        found = ask(self._database, sql, parameters)
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


class StoreReader:
    """Answers from the store of a folder; any thread may ask.

    Args:
        home: the folder. It is not made where it does not exist.
        soon: bytes of journals for which whoever asks waits a moment; where there are more, what
            was there before is answered first.
    """

    def __init__(self, home: Path, *, soon: int = SOON) -> None:
        self._home = home
        self._soon = soon
        self._store = Store(home, wait=PATIENCE)
        self._use = threading.Lock()
        """Held while this process uses the database."""
        self._state = threading.Lock()
        self._loader: threading.Thread | None = None
        self._loading = 0
        """Bytes that are being loaded."""
        self._loaded: Journals | None = None
        """The journals as they were at the last load."""
        self._next = 0.0
        self._problem = ""
        self._answers: OrderedDict[Hashable, tuple[Journals | None, Any]] = OrderedDict()

    def answer(self, key: Hashable, work: Callable[[OpenStore], T]) -> StoreAnswer[T]:
        """Returns what `work` makes of the store, or made of it while nothing has changed.

        Args:
            key: the same for the same question.

        Raises:
            Busy: the store is in use, or of an older outlay, and the question is new.
            UsageError: DuckDB refuses a query.
        """
        known = self._answers.get(key)
        if known is not None and self._is_behind:
            return StoreAnswer(known[1], self._note)
        journals = self._look()
        behind = self._missing(journals)
        if behind <= self._soon and self._loaded != journals:
            self._load(journals, behind).join(PATIENCE)
        if known is not None and known[0] == self._loaded == journals:
            return StoreAnswer(known[1], self._note)
        try:
            with self._reading() as view:
                loaded, value = self._loaded, work(view)
        except JournalError as error:
            if known is None:
                raise StoreBusy(self._note or str(error)) from error
            return StoreAnswer(known[1], self._note or str(error))
        except UsageError as error:
            if self._loaded is not None:
                raise
            self._load(journals, behind)
            raise StoreBusy(self._problem or "the store is being brought up to date") from error
        self._remember(key, loaded, value)
        if behind > self._soon:
            self._load(journals, behind)
        return StoreAnswer(value, self._note)

    @property
    def _is_behind(self) -> bool:
        """Whether a load is under way that takes long."""
        loader = self._loader
        return self._loading > self._soon and loader is not None and loader.is_alive()

    @property
    def _note(self) -> str:
        if self._is_behind:
            return f"loading {self._loading / 1e6:,.0f} MB of journals"
        return self._problem

    def _look(self) -> Journals:
        found: Journals = {}
        for path in (self._home / "journals").glob("*.jsonl"):
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue
            found[path.name] = (facts.st_size, facts.st_mtime_ns)
        return found

    def _missing(self, journals: Journals) -> int:
        """Returns how many bytes are to be loaded, at most."""
        if self._loaded is None:
            path = self._store.path
            since = path.stat().st_mtime_ns if path.exists() else 0
            return sum(size for size, changed in journals.values() if changed >= since)
        known = {name: size for name, (size, _) in self._loaded.items()}
        return sum(max(size - known.get(name, 0), 0) for name, (size, _) in journals.items())

    def _load(self, journals: Journals, behind: int) -> threading.Thread:
        """Returns the thread that loads, or the one that did a moment ago."""
        with self._state:
            loader = self._loader
            if loader is None or not (loader.is_alive() or time.monotonic() < self._next):
                self._loading = behind
                loader = threading.Thread(target=self._fetch, args=(journals,), name="outlay-load")
                self._loader = loader
                loader.start()
        return loader

    def _fetch(self, journals: Journals) -> None:
        try:
            with self._use:
                problems = self._store.load().problems
            self._loaded, self._problem = journals, "; ".join(problems)
        except JournalError as error:
            self._problem = str(error)
        finally:
            self._next = time.monotonic() + BETWEEN

    @contextmanager
    def _reading(self) -> Iterator[OpenStore]:
        if not self._store.path.exists():
            with empty() as database:
                yield OpenStore(database)
            return
        if not self._use.acquire(timeout=PATIENCE):
            raise StoreBusy("the store is being loaded")
        try:
            with (
                locked(self._store.path.with_name("store.lock"), wait=PATIENCE),
                opened(self._store.path, read_only=True) as database,
            ):
                yield OpenStore(database)
        finally:
            self._use.release()

    def _remember(self, key: Hashable, loaded: Journals | None, value: Any) -> None:
        with self._state:
            self._answers[key] = (loaded, value)
            self._answers.move_to_end(key)
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
