"""Long tasks in the language of the Almanac: chains of up to thousands of documents."""

from .suite import Longrun, longrun
from .walker import ChainWalker
from .world import LongWorld

__all__ = ["ChainWalker", "LongWorld", "Longrun", "longrun"]
