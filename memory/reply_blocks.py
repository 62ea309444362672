"""What the policy writes for its own memory: blocks in replies, cut to size, refused if unsound."""

from __future__ import annotations

import re
from dataclasses import replace

from ..ledger.token_bounds import byte_bound
from .turns import Turn, with_content

_ERROR = re.compile(r"\W*(error|exception|traceback|i'?m sorry|i am sorry)\b", re.IGNORECASE)
_ENDS = re.compile(r"[.;\n](?=\s|$)")


def is_sound(text: str, replaced: int | None = None) -> bool:
    """Says whether a text may stand for what it is about.

    It may not if it is empty, the text of an error or an apology, or not shorter than the
    `replaced` tokens that it stands for.
    """
    said = text.strip()
    shorter = replaced is None or byte_bound(said) < replaced
    return bool(said) and not _ERROR.match(said) and shorter


def block(text: str, tag: str) -> str | None:
    """Returns the content of the last complete `<tag>…</tag>` of a text, or None."""
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL | re.IGNORECASE)
    return found[-1].strip() if found else None


def without_block(turn: Turn, tag: str) -> Turn:
    """Returns a turn whose reply lacks its blocks, also one that was never closed."""
    first, *rest = turn.messages
    if first.role != "assistant" or f"<{tag}>" not in first.content.lower():
        return turn
    content = re.sub(
        rf"<{tag}>.*?(</{tag}>|\Z)\s*", "", first.content, flags=re.DOTALL | re.IGNORECASE
    )
    return replace(turn, messages=(with_content(first, content.strip()), *rest))


def capped(text: str, cap: int) -> str:
    """Returns the beginning of a text in at most `cap` tokens, up to the end of a sentence."""
    if byte_bound(text) <= cap:
        return text
    least, most = 0, min(len(text), cap)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if byte_bound(text[:middle]) <= cap else (least, middle - 1)
    begun = text[:least]
    ends = [match.end() for match in _ENDS.finditer(begun)]
    return begun[: ends[-1]].rstrip() if ends and ends[-1] > least // 2 else begun
