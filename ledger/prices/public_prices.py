"""Prices of public models, from the data that the genai-prices package carries with it.

Importing the package and its data takes most of a second, so it is done at the first look-up;
its automatic update is never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from .model_prices import FREE, ModelPrice, Rate, dearest

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider, TieredPrices
    from genai_prices.types import ModelPrice as PublicPrice

_STEP = Decimal("1e-6")


def find(name: str, *, now: datetime | None = None) -> ModelPrice | None:
    """Returns the price of the model that a model string names, or None where there is none.

    Where the provider's price depends on the hour, the dearest hour counts.

    Args:
        name: `provider/model`, `provider:model`, `URL#model`, `host/model` or `model`; dated
            variants are resolved to the model that they are of.
        now: when the call is made (default: at present).
    """
    for provider, model in _matches(name):
        price = _price(name, provider, model, now or datetime.now(UTC))
        if price is not None:
            return price
    return None


def _matches(name: str) -> Iterator[tuple[Provider, ModelInfo]]:
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    url, is_url, reference = name.partition("#")
    tries: list[tuple[str, str | None, str | None]]
    if is_url:
        tries = [(reference, None, url), (reference, None, None)]
    else:
        cuts = [name.partition(mark) for mark in "/:" if mark in name]
        tries = [(model, provider.lower(), None) for provider, _, model in cuts]
        tries.append((name, None, None))
        host, is_server, model = name.partition("/")
        if is_server and re.search(r"[.:]|^localhost$", host):
            tries += [(model, None, f"https://{host}/"), (model, None, None)]
    for model_name, provider_id, api_url in tries:
        try:
            yield snapshot.find_provider_model(model_name, None, provider_id, api_url)
        except LookupError:
            continue


def _price(name: str, provider: Provider, model: ModelInfo, now: datetime) -> ModelPrice | None:
    from genai_prices import __version__

    sets = [model.get_prices(moment) for moment in _moments(model, now)]
    if any(prices.input_mtok is None for prices in sets):
        return None
    plain = _rate(sets, "input_mtok", FREE)
    written = _rate(sets, "cache_write_mtok", plain)
    output = _rate(sets, "output_mtok", FREE)
    fees = [_flat(prices.requests_kcount) for prices in sets]
    return ModelPrice(
        name,
        input=plain,
        cache_read=_rate(sets, "cache_read_mtok", plain),
        cache_write=written,
        cache_write_1h=_rate(sets, "cache_write_1h_mtok", written),
        output=output,
        reasoning=_rate(sets, "output_reasoning_mtok", output),
        source=f"genai-prices {__version__} {provider.id}/{model.id}",
        per_call=max(fees) / 1000,
    )


def _moments(model: ModelInfo, now: datetime) -> list[datetime]:
    """Returns instants of today of which one is in each span with a price of its own."""
    moments = [now]
    if isinstance(model.prices, list):
        for entry in model.prices:
            for edge in ("start_time", "end_time"):
                hour: time | None = getattr(entry.constraint, edge, None)
                if hour is not None:
                    zone = hour.tzinfo or UTC
                    moments.append(datetime.combine(now.date(), hour.replace(tzinfo=zone)))
    return moments


def _rate(sets: list[PublicPrice], key: str, default: Rate) -> Rate:
    prices = [getattr(prices, key) for prices in sets]
    return dearest(default if price is None else _public_rate(price) for price in prices)


def _public_rate(price: Decimal | TieredPrices) -> Rate:
    if isinstance(price, Decimal):
        return Rate(_grid(price))
    return Rate(_grid(price.base), tuple((tier.start, _grid(tier.price)) for tier in price.tiers))


def _flat(price: Decimal | TieredPrices | None) -> Decimal:
    if price is None:
        return Decimal(0)
    if isinstance(price, Decimal):
        return price
    return max(price.base, *(tier.price for tier in price.tiers))


def _grid(usd: Decimal) -> Decimal:
    return usd.quantize(_STEP, ROUND_CEILING)
