"""Advantages: from the rewards of trajectories to a weight for each token."""

from __future__ import annotations

from .baselines import tracked
from .groups import GroupMember, dr_grpo, grpo, leave_one_out, whiten
from .token_weights import broadcast, geometric, per_turn
from .turns import TurnRewards, turn_advantages

__all__ = [
    "GroupMember",
    "TurnRewards",
    "broadcast",
    "dr_grpo",
    "geometric",
    "grpo",
    "leave_one_out",
    "per_turn",
    "tracked",
    "turn_advantages",
    "whiten",
]
