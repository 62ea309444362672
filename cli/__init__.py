"""The command line: one file a verb, started by `main`."""

from __future__ import annotations

from .app import main

__all__ = ["main"]
