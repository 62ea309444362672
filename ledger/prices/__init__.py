"""Prices of models and tools, from data, files and arguments."""

from .model_prices import NO_LIMIT, ModelPrice, Rate
from .price_book import BUILT_IN, PriceBook
from .tool_prices import ToolPrice

__all__ = ["BUILT_IN", "NO_LIMIT", "ModelPrice", "PriceBook", "Rate", "ToolPrice"]
