"""Rewards: pure functions of what a run came to, to be weighted and summed."""

from __future__ import annotations

from .cost import gated_cost, history_cost, percentile, weighted_cost
from .progress import discounted, information_gain, staged
from .terms import Reward, answered, finished, format_gate, outcome_score, total

__all__ = [
    "Reward",
    "answered",
    "discounted",
    "finished",
    "format_gate",
    "gated_cost",
    "history_cost",
    "information_gain",
    "outcome_score",
    "percentile",
    "staged",
    "total",
    "weighted_cost",
]
