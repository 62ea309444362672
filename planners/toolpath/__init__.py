"""Toolpath: exact search over typed tools, and subroutines that spare it."""

from __future__ import annotations

from .ability import CATALOGUE, Ability, catalogue
from .estimates import Estimates
from .graph import ToolGraph, Weights
from .learned import FILE, Learned
from .order import Order
from .pareto import pareto
from .planner import toolpath
from .product import Product
from .search import Limits, NoPath, Toolpath, cheapest
from .subroutine import Subroutine
from .trace import Trace, traces

__all__ = [
    "CATALOGUE",
    "FILE",
    "Ability",
    "Estimates",
    "Learned",
    "Limits",
    "NoPath",
    "Order",
    "Product",
    "Subroutine",
    "ToolGraph",
    "Toolpath",
    "Trace",
    "Weights",
    "catalogue",
    "cheapest",
    "pareto",
    "toolpath",
    "traces",
]
