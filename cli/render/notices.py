"""Notices in words for the people who look at a run; `journal.notice_text` has the policy's."""

from __future__ import annotations

from ...journal.notice_text import for_policy, shortfall
from ...journal.notices import DeniedCall, Notice, RefusedCall


def for_people(notice: Notice) -> str:
    """Returns what happened; that the call was not made, the reader sees already."""
    match notice:
        case RefusedCall():
            return f"{shortfall(notice)}."
        case DeniedCall():
            return f"{notice.why}."
        case _:
            return for_policy(notice)
