"""The Berkeley Function Calling Leaderboard: single-turn calls, and multi-turn conversations."""

from .matching import all_match, matches
from .multi_turn import BfclMultiTurn, MultiTurnWorld, bfcl_multi_turn
from .suite import Bfcl, BfclWorld, bfcl

__all__ = [
    "Bfcl",
    "BfclMultiTurn",
    "BfclWorld",
    "MultiTurnWorld",
    "all_match",
    "bfcl",
    "bfcl_multi_turn",
    "matches",
]
