"""Places that belong to outlay's owner alone: the home and the prices file of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ...ledger.errors import ToolError

FileId = tuple[int, int]
"""A file or folder by device and number, whatever its name."""


def file_id(found: os.stat_result) -> FileId:
    return found.st_dev, found.st_ino


def ids_of(closed: Iterable[Path]) -> frozenset[FileId]:
    """Returns the ids of those places that exist."""
    found = set()
    for place in closed:
        try:
            found.add(file_id(os.stat(place)))
        except OSError:
            continue
    return frozenset(found)


def check_open(path: Path, closed: Iterable[Path]) -> None:
    """Raises ToolError where a path is one of the places, or lies in one."""
    ids = ids_of(closed)
    if not ids:
        return
    real = path.resolve()
    for place in (real, *real.parents):
        try:
            here = file_id(os.stat(place))
        except OSError:
            continue
        if here in ids:
            raise refusal(path.name)


def refusal(path: str) -> ToolError:
    return ToolError(f"{path} holds records or prices of outlay: no tool may use it")
