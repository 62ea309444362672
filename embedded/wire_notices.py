"""The notices in the tool messages of a chat-completion request, where only words are left of them.

The one place of this folder that reads them from words, as long as requests come as wire JSON.
"""

from __future__ import annotations

from ..journal.notices import Notice
from ..journal.old_sentences import notice_in, withdrawn_in


def notices_in(text: str) -> tuple[Notice, ...]:
    """Returns what a tool message tells beside what its tool brought."""
    _, _, remark = text.partition("\n\n")
    return tuple(filter(None, (notice_in(text), withdrawn_in(remark))))
