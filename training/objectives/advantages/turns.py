"""Advantages of single turns, from a reward for each turn and one for the end (IGPO)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Literal

from ....ledger.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class TurnRewards:
    """The rewards of one trajectory, turn by turn."""

    trajectory: str
    task: str
    gains: tuple[float, ...]
    """Information gain of each turn but the last; what is not finite counts as 0."""
    final: float
    """Reward of the last turn: the outcome."""


def turn_advantages(
    rewards: Sequence[TurnRewards],
    *,
    normalise: Literal["joint", "separate"] = "separate",
    gamma: float = 1.0,
    epsilon: float = 1e-6,
) -> dict[str, tuple[float, ...]]:
    """Returns the advantage of each turn: A_t = r_t + gamma A_{t+1} of rewards normalised by group.

    IGPO (2510.14967); deviations have ddof 0. The epsilon of the authors' code is not confirmed.

    Args:
        normalise: `joint` over all turn rewards of the group, or gains and outcomes `separate`.

    Raises:
        UsageError: an outcome is no finite number.
    """
    groups: dict[str, list[TurnRewards]] = {}
    for each in rewards:
        if not math.isfinite(each.final):
            raise UsageError(
                f"trajectory {each.trajectory} has the outcome {each.final}: leave the run out"
            )
        groups.setdefault(each.task, []).append(each)
    found: dict[str, tuple[float, ...]] = {}
    for group in groups.values():
        gains = [gain for each in group for gain in each.gains if math.isfinite(gain)]
        finals = [each.final for each in group]
        if normalise == "joint":
            gains = finals = gains + finals
        for each in group:
            turns = [_normal(gain, gains, epsilon) for gain in each.gains]
            turns.append(_normal(each.final, finals, epsilon))
            found[each.trajectory] = _returns(turns, gamma)
    return found


def _normal(value: float, among: Sequence[float], epsilon: float) -> float:
    if not math.isfinite(value) or min(among) == max(among):
        return 0.0
    return (value - fmean(among)) / (pstdev(among) + epsilon)


def _returns(rewards: Sequence[float], gamma: float) -> tuple[float, ...]:
    found: list[float] = []
    after = 0.0
    for reward in reversed(rewards):
        after = reward + gamma * after
        found.append(after)
    return tuple(reversed(found))
