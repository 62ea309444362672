"""Settings files that were found, not named: what of them counts before the owner trusts them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ...journal.file_owner import foreign_hand
from ...ledger.errors import UsageError
from .owner_files import owner_folder, read_own, write_own

HARMLESS = frozenset({
    "alpha", "block", "concurrency", "delta", "full", "json", "keep", "level", "limit", "memory",
    "mermaid", "no-open", "plain", "planner", "power", "repeats", "schema", "seed",
    "skip-unpayable", "stream", "tasks", "temperature", "tool-protocol",
})  # fmt: skip
"""Options that start, read, write, send, approve and pay nothing: these count in any found file."""


def check_hands(path: Path) -> None:
    """Raises UsageError where others than this user and root may have written a found file."""
    try:
        hand = foreign_hand(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if hand == "is writable by others":
        raise UsageError(
            f"{path} {hand}, so its settings are refused: look at it, then `chmod go-w {path}`"
        )
    if hand:
        raise UsageError(
            f"{path} {hand}, so its settings are refused: name your own file with --config FILE"
        )


def is_trusted(path: Path, data: bytes) -> bool:
    """True if the owner trusts the file with exactly this content."""
    return _known().get(_place(path)) == _digest(data)


def was_trusted(path: Path) -> bool:
    """True if the owner trusts the file with some content."""
    return _place(path) in _known()


def trust(path: Path, data: bytes) -> None:
    """Has the file count with exactly this content, from now on.

    Raises:
        UsageError: that cannot be kept.
    """
    known = {**_known(), _place(path): _digest(data)}
    write_own(_file(), json.dumps(known, indent=2).encode())


def _file() -> Path:
    return owner_folder() / "trusted.json"


def _known() -> dict[str, str]:
    data = read_own(_file())
    try:
        known = {} if data is None else json.loads(data)
    except ValueError as error:
        raise UsageError(f"{_file()} is no JSON: remove it, and trust your files again") from error
    return known if isinstance(known, dict) else {}


def _place(path: Path) -> str:
    """A link is another place than what it leads to: paths in the file start from there."""
    return str(path.parent.resolve() / path.name)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
