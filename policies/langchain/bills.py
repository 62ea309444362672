"""LangChain's usage numbers as token classes, and its words for how a reply ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...journal.endings import neutral_ending
from ...ledger.usage import Usage
from ..endpoint import bills

_FIELDS = ("finish_reason", "stop_reason", "stopReason", "done_reason", "status")


def usage(metadata: Mapping[str, Any] | None) -> Usage | None:
    """Returns the bill in a message's `usage_metadata`, None where there is none.

    None, too, where no token was read: a stream's class can have missed what its beginning told.

    The details may bear the name of a service tier (`priority_cache_read`) or of a cache's time
    (`ephemeral_1h_input_tokens`); those are summed.
    """
    if not metadata:
        return None
    told = _details(metadata, "input_token_details")
    by_time = _sum(told, lambda name: name.startswith("ephemeral_"))
    data = {
        "input_tokens": metadata.get("input_tokens"),
        "output_tokens": metadata.get("output_tokens"),
        "total_tokens": metadata.get("total_tokens"),
        "input_tokens_details": {
            "cached_tokens": _sum(told, lambda name: name.endswith("cache_read")),
            "cache_write_tokens": by_time + _sum(told, lambda n: n.endswith("cache_creation")),
        },
        "output_tokens_details": {
            "reasoning_tokens": _sum(
                _details(metadata, "output_token_details"), lambda name: name.endswith("reasoning")
            )
        },
    }
    return bills.bill(data)


def finish_reason(metadata: Mapping[str, Any], *, calls: bool) -> str:
    """Returns why a reply ended, in OpenAI's words where they say the same."""
    incomplete = metadata.get("incomplete_details")
    said: Iterable[object] = (metadata.get(field) for field in _FIELDS)
    if isinstance(incomplete, Mapping) and incomplete.get("reason"):
        said = (incomplete["reason"],)
    for reason in said:
        if isinstance(reason, str) and reason:
            return neutral_ending(reason, calls=calls)
    return "tool_calls" if calls else "stop"


def _details(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _sum(data: Mapping[str, Any], wanted: Any) -> int:
    return sum(value for name, value in data.items() if wanted(name) and isinstance(value, int))
