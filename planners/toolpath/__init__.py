"""Toolpath: exact search over typed tools, and subroutines that spare it."""

from __future__ import annotations

from .ability import CATALOGUE, Ability, catalogue
from .estimates import Estimates
from .order import Order
from .planner import toolpath
from .product import Product
from .search.cheapest import Limits, NoPath, Toolpath, cheapest
from .search.graph import ToolGraph, Weights
from .search.pareto import pareto
from .subroutines.learned import FILE, Learned
from .subroutines.subroutine import Subroutine
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
