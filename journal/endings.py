"""How replies end: providers' words for it as neutral ones, and what makes a reply no answer."""

from __future__ import annotations

from typing import Literal

from .records import Reply

Ending = Literal["stop", "tool_calls", "length", "content_filter", "timeout", "error"]

_WORDS: dict[Ending, tuple[str, ...]] = {
    "stop": ("stop", "end_turn", "stop_sequence", "complete", "completed", "eos", "eos_token"),
    "length": (
        "length", "max_tokens", "max_output_tokens", "model_length", "incomplete",
        "model_context_window_exceeded", "pause_turn",
    ),
    "tool_calls": ("tool_calls", "tool_use", "tool_call", "function_call"),
    "content_filter": (
        "content_filter", "content_filtered", "refusal", "safety", "guardrail_intervened",
        "prohibited_content", "blocklist", "spii", "recitation", "error_toxic", "sensitive",
    ),
    "timeout": ("timeout",),
    "error": ("error",),
}  # fmt: skip
_ENDINGS = {word: ending for ending, words in _WORDS.items() for word in words}

Flaw = Literal["length", "content_filter", "timed_out", "broken_off", "empty_reply"]
"""Why a reply without tool calls is no answer."""

FLAWS: dict[Flaw, str] = {
    "length": "the policy's reply was cut off at its limit of output tokens",
    "content_filter": "the provider's content filter stopped the policy's reply",
    "timed_out": "the policy's reply took too long, twice, and was cut off there",
    "broken_off": "the provider broke the policy's reply off",
    "empty_reply": "the policy's reply was empty, and so was the second one",
}


def neutral_ending(said: str, *, calls: bool = False) -> str:
    """Returns a provider's word for how a reply ended as an `Ending`; unknown words as they are.

    Args:
        calls: whether the reply has tool calls, which some servers call `stop`.
    """
    found: str = _ENDINGS.get(said.lower(), said) or "stop"
    return "tool_calls" if calls and found == "stop" else found


def flaw_of(reply: Reply) -> Flaw | None:
    """Returns why a reply can be no answer; None for one that can, and for one with tool calls."""
    if reply.message.tool_calls:
        return None
    ending = neutral_ending(reply.finish_reason)
    if ending == "length":
        return "length"
    if ending == "content_filter":
        return "content_filter"
    if ending == "timeout":
        return "timed_out"
    if ending == "error":
        return "broken_off"
    return None if reply.message.content.strip() else "empty_reply"
