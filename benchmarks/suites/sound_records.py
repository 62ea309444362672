"""Records that can be asked and judged; the others are left out by name, or refused."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from ...ledger.errors import UsageError
from .records import DatasetRecord

TOLD = 5
"""Records left out that are told one by one."""

_LOG = logging.getLogger(__name__)


def sound(
    records: Iterable[DatasetRecord],
    check: Callable[[DatasetRecord], None],
    *,
    suite: str,
    strict: bool,
) -> list[DatasetRecord]:
    """Returns the records that the check lets pass. A warning of the log names the others.

    Args:
        check: raises UsageError for a record that cannot be asked or judged.
        strict: refuse the data for such a record.

    Raises:
        UsageError: a record is wrong and `strict` is set, or all of them are.
    """
    kept: list[DatasetRecord] = []
    wrong: list[UsageError] = []
    for record in records:
        try:
            check(record)
        except UsageError as error:
            if strict:
                raise
            wrong.append(error)
        else:
            kept.append(record)
    if wrong and not kept:
        raise wrong[0]
    if wrong:
        more = f"; and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""
        _LOG.warning(
            "%s: %d of %d records left out: %s%s", suite, len(wrong), len(wrong) + len(kept),
            "; ".join(map(str, wrong[:TOLD])), more,
        )  # fmt: skip
    return kept
