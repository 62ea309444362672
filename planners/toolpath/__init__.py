"""Toolpath: exact search over typed tools, and subroutines that spare it."""

from __future__ import annotations

from .ability import CATALOGUE, ToolAbility, catalogue
from .estimates import ToolEstimates
from .order import Order
from .planner import toolpath
from .product import Product
from .search.cheapest import NoPath, SearchLimits, Toolpath, cheapest_path
from .search.graph import PathWeights, ToolGraph
from .search.pareto import pareto_paths
from .subroutines.learned import SUBROUTINES_FILE, SubroutineLibrary
from .subroutines.subroutine import Subroutine
from .trace import SubtaskTrace, traces

__all__ = [
    "CATALOGUE",
    "SUBROUTINES_FILE",
    "NoPath",
    "Order",
    "PathWeights",
    "Product",
    "SearchLimits",
    "Subroutine",
    "SubroutineLibrary",
    "SubtaskTrace",
    "ToolAbility",
    "ToolEstimates",
    "ToolGraph",
    "Toolpath",
    "catalogue",
    "cheapest_path",
    "pareto_paths",
    "toolpath",
    "traces",
]
