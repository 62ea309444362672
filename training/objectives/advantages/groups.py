"""Advantages relative to the other trajectories of the same task.

Statistics are over trajectories, never over rows: a trajectory that compaction cut into many rows
weighs as much as any other. Libraries differ in the deviation's divisor and in the epsilon beside
it (TRL: ddof 1 and 1e-4; verl: 1 and 1e-6; ART: 0 and 1e-6), so both are arguments.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from ....ledger.errors import UsageError

Scale = Literal["group", "batch", "none"]
"""By which deviation an advantage is divided: its group's, the whole batch's, or by none."""


@dataclass(frozen=True, kw_only=True)
class GroupMember:
    """One member of a group."""

    trajectory: str
    """Its id, as in `Row.trajectory`."""
    run: str
    task: str
    """The group."""
    reward: float


def leave_one_out(trajectories: Sequence[GroupMember]) -> dict[str, float]:
    """Returns the reward less the mean of the others' in the group; no deviation.

    LOOP (2502.01600): A_i = R_i - (sum R - R_i) / (G - 1).

    Raises:
        UsageError: a group has one member, or a reward is no finite number.
    """
    found: dict[str, float] = {}
    for group in _groups(trajectories):
        total = math.fsum(each.reward for each in group)
        for each in group:
            found[each.trajectory] = each.reward - (total - each.reward) / (len(group) - 1)
    return found


def grpo(
    trajectories: Sequence[GroupMember],
    *,
    ddof: int = 1,
    epsilon: float = 1e-4,
    scale: Scale = "group",
) -> dict[str, float]:
    """Returns (R_i - mean) / (std + epsilon); the defaults are TRL's.

    Args:
        ddof: what the number of members is reduced by in the deviation's divisor, 0 or 1.
        epsilon: added to the deviation.
        scale: whose deviation.

    Raises:
        UsageError: a group has one member, or a reward is no finite number.
    """
    found: dict[str, float] = {}
    whole = _deviation([each.reward for each in trajectories], ddof) if scale == "batch" else 0.0
    for group in _groups(trajectories):
        rewards = [each.reward for each in group]
        mean = fmean(rewards)
        spread = {"group": _deviation(rewards, ddof), "batch": whole, "none": 1.0}[scale]
        divisor = spread if scale == "none" else spread + epsilon
        found |= {each.trajectory: (each.reward - mean) / divisor for each in group}
    return found


def dr_grpo(trajectories: Sequence[GroupMember]) -> dict[str, float]:
    """Returns R_i - mean: GRPO without the deviation, which favours tasks of even outcome.

    Dr.GRPO (2503.20783).

    Raises:
        UsageError: a group has one member, or a reward is no finite number.
    """
    return grpo(trajectories, scale="none")


def whiten(
    advantages: Mapping[str, float], *, ddof: int = 0, epsilon: float = 1e-8
) -> dict[str, float]:
    """Returns advantages less their mean over the batch, divided by their deviation + epsilon."""
    values = list(advantages.values())
    if len(values) <= ddof:
        return dict.fromkeys(advantages, 0.0)
    mean, spread = fmean(values), _deviation(values, ddof)
    return {name: (value - mean) / (spread + epsilon) for name, value in advantages.items()}


def check_rewards(trajectories: Iterable[GroupMember]) -> None:
    """Raises UsageError if a reward is no finite number."""
    for each in trajectories:
        if not math.isfinite(each.reward):
            raise UsageError(
                f"trajectory {each.trajectory} (run {each.run}) has the reward {each.reward}: "
                "leave the run out, or judge its answer first"
            )


def _groups(trajectories: Sequence[GroupMember]) -> list[list[GroupMember]]:
    check_rewards(trajectories)
    groups: dict[str, list[GroupMember]] = {}
    for each in trajectories:
        groups.setdefault(each.task, []).append(each)
    for task, (first, *others) in groups.items():
        if not others:
            raise UsageError(
                f"trajectory {first.trajectory} (run {first.run}) is the only one of task "
                f"{task!r}, so there is nothing to compare it with: run the task again "
                "(--repeats 2 or more), or use the single-stream tracker"
            )
    return list(groups.values())


def _deviation(values: Sequence[float], ddof: int) -> float:
    if min(values) == max(values):
        return 0.0
    mean = fmean(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - ddof))
