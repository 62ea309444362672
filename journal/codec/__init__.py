"""What the journal's events say, written and read: the one place that knows their bodies' fields.

Prompts and token ids are written as deltas; bills, replies, observations and budgets in full.
"""

from .message_form import message_from, message_to
from .prompt_delta import PrefixMatch, SentPrompts, delta, restore
from .token_delta import TokenDeltas, restored
from .values import (
    budget_from,
    budget_to,
    observation_from,
    refusal_from,
    reply_from,
    reply_to,
    usage_from,
)

__all__ = [
    "PrefixMatch",
    "SentPrompts",
    "TokenDeltas",
    "budget_from",
    "budget_to",
    "delta",
    "message_from",
    "message_to",
    "observation_from",
    "refusal_from",
    "reply_from",
    "reply_to",
    "restore",
    "restored",
    "usage_from",
]
