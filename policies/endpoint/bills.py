"""Reads a provider's usage numbers into disjoint token classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...ledger.usage import Usage

_READ = ("cached_tokens", "cache_read_tokens", "cache_read_input_tokens", "prompt_cache_hit_tokens")
_WRITE = (
    "cache_write_tokens",
    "cache_creation_tokens",
    "cache_creation_input_tokens",
    "cache_write_input_tokens",
)


def usage(data: object) -> Usage | None:
    """Returns the bill, or None where `data` is not one.

    The classes sum to `prompt_tokens + completion_tokens`, or to `total_tokens` where that is
    larger (some providers leave reasoning or cached tokens out of the parts). Where the numbers
    contradict each other, tokens stay in the dearer class: a bill is never read as too small.
    """
    if not isinstance(data, Mapping):
        return None
    prompt = _count(data.get("prompt_tokens", data.get("input_tokens")))
    completion = _count(data.get("completion_tokens", data.get("output_tokens")))
    if prompt is None or completion is None:
        return None
    prompt_details = _details(data, "prompt_tokens_details", "input_tokens_details")
    completion_details = _details(data, "completion_tokens_details", "output_tokens_details")
    read = _first(_READ, prompt_details, data)
    write = _first(_WRITE, prompt_details, data)
    reasoning = _first(("reasoning_tokens",), completion_details, data)
    surplus = max(0, (_count(data.get("total_tokens")) or 0) - prompt - completion)
    if prompt < read + write <= prompt + surplus:
        prompt += surplus
    else:
        completion += surplus
    write = min(write, prompt)
    read = min(read, prompt - write)
    reasoning = min(reasoning, completion)
    return Usage(
        input=prompt - read - write,
        cache_read=read,
        cache_write=write,
        output=completion - reasoning,
        reasoning=reasoning,
    )


def _count(value: object) -> int | None:
    """Returns a number of tokens, or None for anything that cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value < 2**53:
        return None
    return int(value) if value == int(value) else None


def _details(data: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        if isinstance(found := data.get(name), Mapping):
            return found
    return {}


def _first(names: tuple[str, ...], *places: Mapping[str, Any]) -> int:
    """Returns the first count above 0 under any of `names`, else 0."""
    for place in places:
        for name in names:
            if count := _count(place.get(name)):
                return count
    return 0
