"""What genai-prices knows of cache writes, over to the four input classes."""

from __future__ import annotations

from decimal import Decimal

from outlay.ledger.prices.price_book import PriceBook
from outlay.ledger.usage import Usage


def test_cache_writes_for_an_hour_have_their_own_price():
    price = PriceBook().model("anthropic/claude-sonnet-4-5")
    assert price.cost(Usage(cache_write=1000)) == Decimal("0.00375")
    assert price.cost(Usage(cache_write_1h=1000)) == Decimal("0.006")
    assert price.bound(1000, 0) == Decimal("0.006")


def test_where_only_one_price_of_writes_is_known_it_counts_for_all():
    price = PriceBook().model("openai/gpt-5-mini")
    assert price.cost(Usage(cache_write_1h=1000)) == price.cost(Usage(cache_write=1000)) > 0
