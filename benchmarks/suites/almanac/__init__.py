"""The Almanac: questions about made-up worlds whose facts are told at a price."""

from .knobs import AlmanacKnobs
from .scorer import ExactScorer
from .suite import Almanac, almanac
from .world import AlmanacWorld

__all__ = ["Almanac", "AlmanacKnobs", "AlmanacWorld", "ExactScorer", "almanac"]
