"""The Workshop: orders for typed tools, the optimal toolpath of each known."""

from .knobs import Knobs
from .scorer import ProductScorer
from .suite import Workshop, workshop
from .world import WorkshopWorld

__all__ = ["Knobs", "ProductScorer", "Workshop", "WorkshopWorld", "workshop"]
