"""Asks before a record acts that this user did not start: it is shown, then allowed or not."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ...journal.foreign_text import one_line
from ...ledger.errors import UsageError


def ask(what: str, uses: Sequence[str], *, allowed: bool) -> None:
    """Returns if the user lets a record that is not theirs act.

    Args:
        what: the record in words, such as `run 1ab…`.
        uses: what it would start, open, send or spend, part by part.
        allowed: True if `--trust` says so.

    Raises:
        UsageError: they do not, or nobody can be asked.
    """
    if allowed:
        return
    shown = [one_line(use, 300) for use in uses]
    if not sys.stdin.isatty():
        raise UsageError(
            f"{what} was not started here by you, and would use {'; '.join(shown)}: "
            "give --trust if that is what you want"
        )
    sys.stderr.write(f"\n{what} was not started here by you. It would use:\n")
    for number, use in enumerate(shown, 1):
        sys.stderr.write(f"  {number}. {use}\n")
    sys.stderr.write("go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError(f"{what} was left as it is")
