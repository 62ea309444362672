"""What training needs beyond the runtime."""

from __future__ import annotations


def need_torch() -> None:
    """Raises UsageError if torch is not installed."""
    from importlib.util import find_spec

    from ...ledger.errors import UsageError

    if find_spec("torch") is None:
        raise UsageError("training needs torch: pip install 'outlay[train]'")
