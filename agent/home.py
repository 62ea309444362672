"""The folder that keeps everything: journals, the store, cut outputs. One journal a process."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..journal.events import JUDGEMENT, Event
from ..journal.file_lock import locked
from ..journal.file_owner import foreign_hand
from ..journal.journal import Journal, is_live
from ..journal.listeners import Listener, Listeners
from ..journal.old.name import rename_folder, rename_store
from ..journal.owner import owned
from ..journal.record.fork_record import record_of
from ..journal.record.run_record import RunRecord
from ..ledger.amount import ZERO, Amount
from ..ledger.errors import UsageError
from ..ledger.forks import fork_safe, told_of_forks
from ..tools import Outputs

if TYPE_CHECKING:
    from ..journal.store.store import Store


_FOLDER = Path(".outlay")


def default_home() -> Path:
    """Returns `$OUTLAY_HOME`, or `.outlay` in the working folder."""
    return _named_home() or _FOLDER


def _named_home() -> Path | None:
    name = os.environ.get("OUTLAY_HOME")
    return Path(name) if name else None


def _check_found(folder: Path) -> None:
    """Raises UsageError where a home that nobody named may be somebody else's, or leads elsewhere.

    What is recorded in it has no authority in any case; this is about what is written through it.
    """
    try:
        hand = foreign_hand(folder, writable=stat.S_IWOTH)
        linked = any(map(Path.is_symlink, (folder, *folder.iterdir())))
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{folder.absolute()} cannot be read: {error.strerror}") from error
    if hand or linked:
        raise UsageError(
            f"{folder.absolute()} {hand or 'holds links that lead elsewhere'}, so it is not used: "
            "name a home of yours (--home DIR, or OUTLAY_HOME)"
        )


class Home:
    """Use `Home.at(path)`: a process has one of each folder, and so one journal in it."""

    _homes: ClassVar[dict[Path, Home]] = {}
    _guard: ClassVar[threading.Lock] = fork_safe(threading.Lock())

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outputs = Outputs(path / "outputs")
        self.live: set[str] = set()
        """Runs that this process is driving."""
        self.listeners = Listeners()
        """Those of `listen`."""
        self._journal: Journal | None = None
        told_of_forks(self)

    @classmethod
    def at(cls, path: Path | None = None) -> Home:
        """Returns the home in a folder; without one, in the default folder.

        Raises:
            UsageError: it was found here, not named, and somebody else may have made it.
            UsageError, JournalError: it was made under the package's old name, and cannot be
                renamed.
        """
        named = path or _named_home()
        key = (named or _FOLDER).resolve()
        with cls._guard:
            if key not in cls._homes:
                if named is None:
                    rename_folder(_FOLDER)
                    _check_found(_FOLDER)
                rename_store(key)
                cls._homes[key] = cls(key)
            return cls._homes[key]

    @cached_property
    def store(self) -> Store:
        """The store of this folder; DuckDB is loaded with it."""
        from ..journal.store.store import Store

        return Store(self.path)

    @property
    def journal(self) -> Journal:
        """The journal of this process, opened at first use.

        Raises:
            JournalError: it cannot be written.
        """
        with self._guard:
            if self._journal is None:
                self._journal = Journal(self.path)
            return self._journal

    def closed(self, prices: Path | None) -> tuple[Path, ...]:
        """Returns the places that no tool may use: this folder, and the prices file."""
        return (self.path,) if prices is None else (self.path, prices.absolute())

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Has a listener hear every event of every run of this home in this process.

        Sub-agents, experiments, races and rollouts are among them. It is called after an event is
        written, run by run in the journal's order; what it raises is logged and changes nothing.

        Returns what ends it.
        """
        return self.listeners.add(listener)

    def append(self, event: Event) -> None:
        """Writes an event of a run that nobody is driving, and tells it to who listens."""
        self.journal.append(event)
        self.listeners.tell(event)

    def after_fork(self) -> None:
        """Leaves the journal and the runs to the parent; the next run opens a journal anew."""
        journal, self._journal = self._journal, None
        self.live = set()
        if journal is not None:
            journal.abandon()

    def close(self) -> None:
        """Closes the journal. The next run opens a new one."""
        with self._guard:
            if self._journal is not None:
                self._journal.close()
                self._journal = None

    def events(self, run: str) -> list[Event]:
        """Returns all that is recorded of a run.

        Raises:
            UsageError: there is no such run.
            JournalError: its first event is missing or damaged.
        """
        from ..journal.store.damage import check_beginnings

        found = self.store.events(run)
        if not found:
            raise UsageError(f"there is no run {run!r} in {self.path}: `outlay runs` lists them")
        if not any(event.kind == "run_started" for event in found):
            check_beginnings(self.store, {event.id.partition(":")[0] for event in found})
        return found

    def record(self, run: str, *, strict: bool = False, supposing: bool = False) -> RunRecord:
        """Returns the record of a run, that of a fork with its parent's part.

        Raises:
            UsageError: there is no such run.
            JournalError: a part of it is missing or damaged; the text says where.
        """
        from ..journal.store.damage import check_whole

        def whole(run: str) -> list[Event]:
            found = self.events(run)
            check_whole(self.store, run, found)
            return found

        return record_of(run, whole, strict=strict, supposing=supposing)

    def spent_below(self, run: str) -> Amount:
        """Returns what the sub-agents of a run have spent, and theirs."""
        total = ZERO
        for child in self.children(run):
            total += self.spent_with_below(child)
        return total

    def children(self, run: str) -> list[str]:
        """Returns the ids of the runs of a run's sub-agents."""
        found = self.store.query("select run from runs where parent = ?", (run,)).rows
        return [child for (child,) in found]

    def spent_with_below(self, run: str) -> Amount:
        """Returns what a run and its sub-agents have spent: nothing where there is no such run."""
        events = self.store.events(run)
        return RunRecord.of(events).spent + self.spent_below(run) if events else ZERO

    def forget(self, run: str) -> None:
        """Removes a run from store and journals, and outputs that no other run tells of.

        Raises:
            UsageError: there is no such run, or a live process still writes its journal.
        """
        with self.ownership():
            self.close()
            refs = self.store.own_refs([run])
            self.store.forget(run)
            self.outputs.remove(refs)

    def write_score(
        self,
        run: str,
        score: float,
        *,
        success: bool,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Files a suite's judgement of a run's answer.

        Args:
            metrics: what else the suite measures of it, by name.
        """
        body: dict[str, Any] = {"score": score, "success": success}
        if metrics:
            body["metrics"] = dict(metrics)
        self.append(Event(run, JUDGEMENT, "scored", body=body))

    def ownership(self) -> AbstractContextManager[None]:
        """Returns the lock under which a run changes hands."""
        return locked(self.path / "runs.lock")

    def own(self, what: str) -> AbstractContextManager[None]:
        """Returns what makes this process the only one that goes on with something.

        Entering it raises UsageError where another process does already.

        Args:
            what: its kind and name, e.g. `experiment almanac-1f…`.
        """
        return owned(self.path / "owners" / sha256(what.encode()).hexdigest()[:32], what)

    def unowned(self, run: str) -> RunRecord:
        """Returns the whole record of a run that nobody drives; call it under `ownership`.

        Raises:
            UsageError: there is no such run, or a live process drives it.
        """
        self._check_unowned(run, self.events(run))
        return self.record(run)  # read once more: its owner may have written up to its end

    def _check_unowned(self, run: str, events: list[Event]) -> None:
        """Raises UsageError if a live process is driving the run."""
        turns = [e for e in events if e.kind in ("run_started", "run_resumed", "run_ended")]
        if not turns or turns[-1].kind == "run_ended":
            return
        owner = turns[-1].id.partition(":")[0]
        is_own = self._journal is not None and owner == self._journal.id
        path = self.path / "journals" / f"{owner}.jsonl"
        if run in self.live or (not is_own and is_live(path)):
            raise UsageError(
                f"run {run} is being driven by a live process (journal {owner}): "
                "wait until it has ended, or stop that process, then resume"
            )
