"""Who besides this user may have written a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def foreign_hand(path: Path, *, writable: int = stat.S_IWGRP | stat.S_IWOTH) -> str:
    """Returns who besides this user and root may have written a file or folder, or "" for nobody.

    A link counts as well as what it leads to.

    Args:
        writable: the permissions that nobody else may have.

    Raises:
        OSError: it cannot be looked at.
    """
    if not hasattr(os, "geteuid"):
        return ""
    for info in (path.lstat(), path.stat()):
        if info.st_uid not in (0, os.geteuid()):
            return "belongs to another user"
        if not stat.S_ISLNK(info.st_mode) and info.st_mode & writable:
            return "is writable by others"
    return ""
