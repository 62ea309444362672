"""Prices of models and tools, from data, files and arguments."""

from .model_prices import ModelPrice, Rate
from .price_book import PriceBook
from .tool_prices import ToolPrice

__all__ = ["ModelPrice", "PriceBook", "Rate", "ToolPrice"]
