"""Reads a provider's usage numbers into disjoint token classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from ...ledger.usage import Usage

_PROMPT = ("prompt_tokens", "input_tokens", "prompt_eval_count")
_COMPLETION = ("completion_tokens", "output_tokens", "eval_count")
_READ = ("cached_tokens", "cache_read_tokens", "cache_read_input_tokens", "prompt_cache_hit_tokens")
_WRITE = (
    "cache_write_tokens",
    "cache_creation_tokens",
    "cache_creation_input_tokens",
    "cache_write_input_tokens",
)
_BESIDE = ("cache_read_input_tokens", "cache_creation_input_tokens", "cache_write_input_tokens")
"""Anthropic's and Bedrock's words: there they stand beside `input_tokens`, not within it."""
_LIFETIMES = ("cache_creation", "cache_creation_token_details")
_MINUTES, _HOUR = "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"
_PLACES = ("usage", "usageMetadata", "usage_metadata")


def usage_in(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the usage object of a reply or of a piece of a stream, wherever servers put it."""
    holders: list[Any] = [body, body.get("x_groq"), body.get("message")]
    if isinstance(choices := body.get("choices"), list):
        holders += choices[:1]  # Moonshot's streams
    for holder in holders:
        for name in _PLACES if isinstance(holder, dict) else ():
            if isinstance(found := holder.get(name), dict):
                return found
    return None


def latest(before: object, now: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the numbers of a stream that has told `before` and tells `now`: they only grow."""
    if not isinstance(before, Mapping):
        return now
    grown = dict(before)
    for name, value in now.items():
        known = grown.get(name)
        if isinstance(value, Mapping):
            grown[name] = latest(known, value)
        elif not _is_number(known) or (_is_number(value) and value > known):
            grown[name] = known if value is None else value
    return grown


def bill(data: object, most_output: int | None = None) -> Usage | None:
    """Returns the bill, or None where `data` is none: no prompt is sent that has no tokens.

    The arguments are those of `usage`.
    """
    found = usage(data, most_output)
    return found if found is not None and found.input_tokens else None


def usage(data: object, most_output: int | None = None) -> Usage | None:
    """Returns what the numbers say, or None where `data` has no such numbers.

    The classes sum to `prompt_tokens + completion_tokens`, or to `total_tokens` where that is
    larger (some providers leave reasoning or cached tokens out of the parts), or to all parts
    where cached tokens stand beside the prompt as Anthropic's do. Where the numbers contradict
    each other, tokens stay in the dearer class: a bill is never read as too small.

    Args:
        most_output: tokens of output that were asked for at most; what only the total tells goes
            to the prompt if the output would have more than these.
    """
    if not isinstance(data, Mapping):
        return None
    data = _openai(data)
    prompt, completion = _largest(_PROMPT, data), _largest(_COMPLETION, data)
    if prompt is None or completion is None:
        return None
    prompt_details = _details(data, "prompt_tokens_details", "input_tokens_details")
    completion_details = _details(data, "completion_tokens_details", "output_tokens_details")
    read = _first(_READ, prompt_details, data)
    minutes, hour = _lifetimes(prompt_details, data)
    write = max(_first(_WRITE, prompt_details, data), minutes + hour)
    reasoning = _first(("reasoning_tokens",), completion_details, data)
    total = _count(data.get("total_tokens")) or 0
    surplus = max(0, total - prompt - completion)
    if _stands_beside(data, prompt, completion, read + write):
        prompt += read + write
        surplus = max(0, total - prompt - completion)
    elif prompt < read + write <= prompt + surplus:
        prompt, surplus = prompt + min(surplus, read + write), surplus - min(surplus, read + write)
    if surplus and _is_output(completion, surplus, reasoning, most_output, prompt_details, data):
        completion += surplus
    else:
        prompt, write = prompt + surplus, write + (0 if surplus == read + write else surplus)
    write = min(write, prompt)
    hour = min(hour, write)
    read = min(read, prompt - write)
    reasoning = min(reasoning, completion)
    return Usage(
        input=prompt - read - write,
        cache_read=read,
        cache_write=write - hour,
        output=completion - reasoning,
        reasoning=reasoning,
        cache_write_1h=hour,
    )


def _openai(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns Gemini's and Cohere's own numbers in OpenAI's words; all others as they are."""
    if isinstance(billed := data.get("billed_units"), dict):
        return billed
    if "promptTokenCount" not in data:
        return data
    count = {name: _count(value) or 0 for name, value in data.items()}.get
    thoughts = count("thoughtsTokenCount", 0)
    return {
        "prompt_tokens": count("promptTokenCount", 0) + count("toolUsePromptTokenCount", 0),
        "completion_tokens": count("candidatesTokenCount", 0) + thoughts,
        "total_tokens": count("totalTokenCount", 0),
        "prompt_tokens_details": {"cached_tokens": count("cachedContentTokenCount", 0)},
        "completion_tokens_details": {"reasoning_tokens": thoughts},
    }


def _stands_beside(data: Mapping[str, Any], prompt: int, completion: int, cached: int) -> bool:
    """Says whether the prompt's number leaves out what was read from caches and written."""
    is_told = any(_count(data.get(name)) for name in _BESIDE)
    if not cached or not (is_told or isinstance(data.get("cache_creation"), Mapping)):
        return False
    total = _count(data.get("total_tokens")) or 0
    if cached > prompt or total >= prompt + cached + completion:
        return True
    is_native = _count(data.get("prompt_tokens")) is None
    return is_native and total != prompt + completion


def _is_output(
    completion: int,
    surplus: int,
    reasoning: int,
    most_output: int | None,
    prompt_details: Mapping[str, Any],
    data: Mapping[str, Any],
) -> bool:
    """Says whether what only the total tells was written, not read.

    Reasoning that is told settles it, then what may be written at most. A server that is silent
    on reasoning but read from its cache left cache writes out (Bedrock); one that is silent on
    both left out reasoning (Gemini).
    """
    if reasoning and (reasoning > completion or surplus == reasoning):
        return True
    if most_output is not None and completion <= most_output < completion + surplus:
        return False
    return not _first((*_READ, *_WRITE), prompt_details, data)


def _is_number(value: object) -> TypeGuard[int | float]:
    return type(value) in (int, float)  # bool is no number here


def _count(value: object) -> int | None:
    """Returns a number of tokens, or None for anything that cannot be one."""
    if value is None:
        return None
    if not _is_number(value) or not 0 <= value < 2**53:
        return None
    return int(value) if value == int(value) else None


def _largest(names: tuple[str, ...], data: Mapping[str, Any]) -> int | None:
    counts = [count for name in names if (count := _count(data.get(name))) is not None]
    return max(counts, default=None)


def _lifetimes(*places: Mapping[str, Any]) -> tuple[int, int]:
    """Returns the tokens written to the cache for minutes and for an hour, where that is told."""
    for place in places:
        for name in _LIFETIMES:
            if isinstance(found := place.get(name), dict):
                return _count(found.get(_MINUTES)) or 0, _count(found.get(_HOUR)) or 0
    return 0, 0


def _details(data: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        if isinstance(found := data.get(name), dict):
            return found
    return {}


def _first(names: tuple[str, ...], *places: Mapping[str, Any]) -> int:
    """Returns the first count above 0 under any of `names`, else 0."""
    for place in places:
        for name in names:
            if count := _count(place.get(name)):
                return count
    return 0
