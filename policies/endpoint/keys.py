"""Keys that no header can carry are refused before anything is held."""

from __future__ import annotations

import re

from ...ledger.errors import UsageError

_SENDABLE = re.compile(r"[!-~]([ -~]*[!-~])?")


def check_key(key: str | None, name: str, key_from: str) -> None:
    """Raises UsageError where a key is not one, for a line break at its end, say.

    Args:
        name: the policy, for the sentence.
        key_from: where its key comes from.
    """
    if key is not None and not _SENDABLE.fullmatch(key):
        raise UsageError(
            f"the key of {name} has a line break, a blank at its end or another character that "
            f"no key has: set {key_from} to the key alone"
        )
