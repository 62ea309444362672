"""The bearer token of `outlay mcp` over HTTP: the owner's own, where they set none."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from .owner_files import owner_folder, read_own, write_own

VARIABLE = "OUTLAY_MCP_TOKEN"


def set_token() -> str:
    """Returns the token that the variable sets, or ""."""
    return os.environ.get(VARIABLE, "").strip()


def own_token() -> str:
    """Returns the token that only this user can read, made at first use and the same ever after.

    Raises:
        UsageError: it can neither be read nor written.
    """
    if kept := (read_own(token_file()) or b"").decode(errors="replace").strip():
        return kept
    write_own(token_file(), secrets.token_urlsafe(32).encode())
    return (read_own(token_file()) or b"").decode()  # what another process may have just made


def token_file() -> Path:
    """Returns where it lies."""
    return owner_folder() / "mcp-token"
