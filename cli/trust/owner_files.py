"""The owner's own files, in a folder outside every project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ...journal.file_owner import foreign_hand
from ...ledger.errors import UsageError


def owner_folder(variables: Mapping[str, str] = os.environ) -> Path:
    """Returns `$XDG_CONFIG_HOME/outlay`, or `~/.config/outlay`."""
    base = Path(variables.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".config") / "outlay"


def read_own(path: Path) -> bytes | None:
    """Returns what is in a file of the owner's, or None where there is none.

    Raises:
        UsageError: others may have written it, or it cannot be read.
    """
    try:
        if hand := foreign_hand(path):
            raise UsageError(f"{path} {hand}, so it is not used: look at it, then remove it")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def write_own(path: Path, data: bytes) -> None:
    """Replaces a file that only the owner can read, in a folder of the same kind.

    Raises:
        UsageError: it cannot be written.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
