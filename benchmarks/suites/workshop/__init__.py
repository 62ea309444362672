"""The Workshop: orders for typed tools, the optimal toolpath of each known."""

from .knobs import WorkshopKnobs
from .scorer import ProductScorer
from .suite import Workshop, workshop
from .world import WorkshopWorld

__all__ = ["ProductScorer", "Workshop", "WorkshopKnobs", "WorkshopWorld", "workshop"]
