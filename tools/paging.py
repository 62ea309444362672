"""One page of a long text, with a note that says how to read on."""

from __future__ import annotations

from ..ledger.errors import ToolError

PAGE = 16_000
"""Characters on a page."""


def page(text: str, start: int, again: str) -> str:
    """Returns the text from character `start`, a page at most.

    Args:
        text: the complete text.
        start: first character wanted, from 0.
        again: the call for the next page without its `start`, e.g. `open(name="a.md"`.

    Raises:
        ToolError: `start` lies outside the text.
    """
    if start < 0 or start > max(0, len(text) - 1):
        raise ToolError(f"start must be from 0 to {max(0, len(text) - 1):,}, not {start:,}")
    end = min(start + PAGE, len(text))
    if end == len(text):
        return text[start:]
    note = f"[characters {start:,} to {end:,} of {len(text):,}; go on with {again}, start={end})]"
    return f"{text[start:end]}\n{note}"
