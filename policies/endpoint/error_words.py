"""The words and codes by which servers say why they refuse, told apart by what mends it."""

from __future__ import annotations

import re

from .error_body import ErrorBody

TOO_LONG_CODES = frozenset(
    (
        "context_length_exceeded", "exceed_context_size_error", "model_max_prompt_tokens_exceeded",
        "request_too_large", "ContextWindowExceededError",
    )
)  # fmt: skip
NO_CREDIT_CODES = frozenset(
    (
        "insufficient_quota", "insufficient_credits", "insufficient_balance", "billing_error",
        "billing_hard_limit_reached", "billing_not_active", "exceeded_current_quota_error",
        "Arrearage",
    )
)  # fmt: skip

_TOO_LONG = re.compile(
    r"context.{0,10}(length|size|limit)|context.{0,3}window|maximum model length"
    r"|(prompt|input|inputs|messages?|query|request) (is|are|was|were)? ?(too|longer) (long|than)"
    r"|prompt[ _]?tokens? too long|prompt too long|too many (input |prompt )?tokens"
    r"|range of input length|input tokens exceeded|prompt exceeds|input token count .{0,30}exceeds"
    r"|(prompt|input).{0,30}exceeds? (the |its )?(max|limit|configured|allowed)"
    r"|maximum (prompt|input|allowed input) length|exceeded model token limit"
    r"|tokens.{0,30}too large for model|too large for model with"
    r"|`?inputs`? (tokens \+ |must have less than)|reduce the length of (the|your)"
    r"|prompt token count .{0,20}exceeds|maximum number of (input )?tokens allowed"
    r"|max input characters|token(s)? .{0,20}exceed.{0,20}(context|maximum length|max length)"
    r"|prompt 超长|(输入|上下文|内容|提示词?).{0,12}(超长|过长|超出|超过)",
    re.I,
)
_OUTPUT_TOO_LONG = re.compile(
    r"max_(completion_|new_|output_)?tokens\W.{0,60}"
    r"(too large|at most|must be (less|smaller|<)|should be|less than or equal|cannot exceed"
    r"|exceeds|above)|supports at most \d+ completion tokens|maximum allowed number of output",
    re.I,
)
_ABOUT_KEYS = re.compile(
    r"\b(api|access|secret)?[ _-]?keys?\b|authenti|credential|\btoken\b|unauthori[sz]ed"
    r"|bearer|signature|log ?in\b",
    re.I,
)
_NO_CREDIT = re.compile(
    r"insufficient.{0,3}(credit|balance|funds|quota)|credit balance is too low|out of credits"
    r"|requires more credits|payment required|account is in good standing|余额不足|欠费",
    re.I,
)


def is_too_long(error: ErrorBody) -> bool:
    """Says whether the prompt is longer than the model can read."""
    return bool(error.codes & TOO_LONG_CODES or _TOO_LONG.search(error.text))


def is_output_too_long(error: ErrorBody) -> bool:
    """Says whether more output was asked for than the model can write."""
    return bool(_OUTPUT_TOO_LONG.search(error.text))


def is_about_keys(error: ErrorBody) -> bool:
    """Says whether another key may mend it; where nothing is said it may."""
    return not error.text or bool(_ABOUT_KEYS.search(error.text))


def is_about_credit(error: ErrorBody) -> bool:
    """Says whether the account has no money left."""
    return bool(error.codes & NO_CREDIT_CODES or _NO_CREDIT.search(error.text))
