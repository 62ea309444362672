"""The Almanac's player as policies: `embedded`, `embedded:FILE.npz`, `embedded:reader`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..policies.in_process import in_process_policy
from ..policies.policy import Policy
from ..policies.registry import PolicyKind

READER = "embedded/almanac-reader"
"""Name of the rule-following reader."""


def reader_policy(**options: Any) -> Policy:
    """Returns the rule-following reader as a policy in this process.

    Args:
        options: of `in_process_policy`.
    """
    from .reader.reader import AlmanacReader

    return in_process_policy(AlmanacReader().reply, **{"name": READER, **options})


def _embedded(spec: str, **options: Any) -> Policy | None:
    if spec in ("embedded:reader", READER):
        return reader_policy(**options)
    found = re.fullmatch(r"embedded(?::(.+\.npz)|/tiny)?", spec)
    if found is None:
        return None
    from .transformer.policy import tiny_policy

    if found[1] is None:
        return tiny_policy(**options)
    file = Path(found[1])
    return tiny_policy(file, **{"name": f"embedded/{file.stem}", **options})


EMBEDDED = PolicyKind(forms=("embedded", "embedded:FILE.npz", "embedded:reader"), make=_embedded)
