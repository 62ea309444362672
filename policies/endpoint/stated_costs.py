"""Reads what a provider says that a call cost, where it says so."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any

HEADER = "x-litellm-response-cost"

_STEP = Decimal("1e-12")
_DEAREST = Decimal(10**6)
_TICK = Decimal("1e-10")


def stated_cost(
    body: Mapping[str, Any], usage: object, header: str | None = None
) -> Decimal | None:
    """Returns the USD that the provider says that it charges, or None where it does not say.

    Read are `usage.cost` (OpenRouter; a table with `total_cost`: Perplexity), what OpenRouter's
    `cost_details` add to it for a key of one's own, `usage.cost_in_usd_ticks` (xAI), and
    LiteLLM's header and `_hidden_params.response_cost`. A cost of 0 is no statement, gateways
    write it for models that they have no price of; except where OpenRouter says whose key it was.

    Args:
        usage: the usage object in the body.
        header: the value of LiteLLM's header.
    """
    usage = usage if isinstance(usage, Mapping) else {}
    cost = usage.get("cost")
    if isinstance(cost, Mapping):
        if cost.get("currency", "USD") != "USD":
            return None
        cost = cost.get("total_cost")
    usd = _usd(cost)
    details = usage.get("cost_details")
    own_key = usage.get("is_byok")
    if isinstance(details, Mapping) and usd is not None and own_key is not False:
        upstream = _usd(details.get("upstream_inference_cost")) or Decimal(0)
        usd += upstream if own_key or upstream > usd else 0
    if usd or (usd is not None and own_key is False):
        return usd
    if ticks := _usd(usage.get("cost_in_usd_ticks"), Decimal(_DEAREST) / _TICK):
        return (ticks * _TICK).quantize(_STEP, ROUND_CEILING)
    hidden = body.get("_hidden_params")
    response = hidden.get("response_cost") if isinstance(hidden, Mapping) else None
    return _usd(response) or _usd(_number(header)) or None


def _usd(value: object, most: Decimal = _DEAREST) -> Decimal | None:
    """Returns a sum of money, or None for what can be none."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    usd = Decimal(str(value))
    if not usd.is_finite() or not 0 <= usd < most:
        return None
    return usd.quantize(_STEP, ROUND_CEILING)


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal(text or "")
    except InvalidOperation:
        return None
