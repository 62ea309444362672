"""Homes that were made while the package was called bursar: renamed when they are first opened.

Only names change; journals and tables are the same under both. The rename is refused while a live
process writes a journal there: that process would look for its files under the old name.
"""

from __future__ import annotations

import logging
from pathlib import Path

from ...ledger.errors import JournalError, UsageError
from ..file_lock import locked
from ..journal import is_live

STORE = "outlay.duckdb"
"""Name of the store in a home."""

_OLD_FOLDER = ".bursar"
_OLD_STORE = "bursar.duckdb"
_log = logging.getLogger(__name__)


def old_folder(new: Path) -> Path | None:
    """Returns the default home of the old name, beside `new`, where there is no `new` yet."""
    old = new.with_name(_OLD_FOLDER)
    return old if old.is_dir() and not new.exists() else None


def rename_folder(new: Path) -> None:
    """Renames the default home of the old name, where there is no `new` yet.

    Raises:
        UsageError: a live process still writes a journal in it.
        JournalError: it cannot be renamed.
    """
    old = old_folder(new)
    if old is None:
        return
    _check_unwritten(old)
    if _renamed(old, new):
        _log.warning("%s is now %s: the package bursar is called outlay", old, new)


def rename_store(home: Path) -> None:
    """Renames the store of the old name in a home, where there is no store yet.

    Raises:
        UsageError: a live process still writes a journal in the home.
        JournalError: it cannot be renamed.
    """
    old, new = home / _OLD_STORE, home / STORE
    if new.exists() or not old.exists():
        return
    with locked(home / "store.lock"):
        if new.exists() or not old.exists():
            return
        _check_unwritten(home)
        _renamed(_log_of(old), _log_of(new))  # first: a store without its log lacks events
        if _renamed(old, new):
            _log.warning("%s is now %s: the package bursar is called outlay", old, new.name)


def _log_of(store: Path) -> Path:
    """Returns the write-ahead log that DuckDB keeps beside a store."""
    return Path(f"{store}.wal")


def _check_unwritten(home: Path) -> None:
    for path in (home / "journals").glob("*.jsonl"):
        if is_live(path):
            raise UsageError(
                f"{home} has the old name bursar in it, and a live process still writes "
                f"{path.name} there: wait until that has ended, then it is renamed"
            )


def _renamed(old: Path, new: Path) -> bool:
    """Returns whether there was something to rename, which another process may have been first to.

    Raises:
        JournalError: the operating system refuses it.
    """
    try:
        old.rename(new)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalError(
            f"{old} cannot be renamed to {new.name}: {error.strerror}; rename it by hand, or "
            "choose another folder with --home or OUTLAY_HOME"
        ) from error
    return True
