"""Files and folders that only their owner can read: what a run leaves behind is nobody else's."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

FOLDER, FILE = 0o700, 0o600


def private_folder(folder: Path) -> None:
    """Makes a folder and those above it that are missing, each for its owner alone.

    Raises:
        OSError: it cannot be made.
    """
    for place in (*reversed(folder.parents), folder):
        if not place.exists():
            with suppress(FileExistsError):
                place.mkdir(FOLDER)
    if not folder.is_dir():
        folder.mkdir(FOLDER)  # raises what is wrong


def private_file(path: Path) -> BinaryIO:
    """Opens a file for writing anew, for its owner alone.

    Raises:
        OSError: it cannot be opened.
    """

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, FILE)

    file = open(path, "wb", opener=opener)  # noqa: SIM115 - the caller closes it
    close_to_others(path)
    return file


def close_to_others(path: Path) -> None:
    """Takes from a file or folder of ours what others may do with it."""
    with suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & 0o700)
