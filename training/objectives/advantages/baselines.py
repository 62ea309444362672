"""Advantages without a group: against what the task's tracker expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .groups import GroupMember, check_rewards


def tracked(trajectories: Sequence[GroupMember], expected: Mapping[str, float]) -> dict[str, float]:
    """Returns the reward less the tracker's value of its task, as it stood before this batch.

    SPO (2509.13232): A = r - v; the caller whitens over the batch (`whiten`) and updates the
    tracker afterwards.

    Args:
        expected: the tracker's value by task (`Tracker.values`).

    Raises:
        UsageError: a reward is no finite number.
    """
    check_rewards(trajectories)
    return {
        trajectory.trajectory: trajectory.reward - expected[trajectory.task]
        for trajectory in trajectories
    }
