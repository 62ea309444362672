"""Learning from recorded runs alone: imitation of the right ones, or replay with their rewards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from ..ledger.errors import UsageError
from .advantages import Trajectory, broadcast, tracked, whiten
from .examples import Example, examples
from .outcome import Outcome
from .recorded import Recorded
from .rewards import format_gate, gated_cost
from .tracker import Belief


def imitated(runs: Iterable[Recorded], tokenizer: str, *, cheapest: float = 1.0) -> list[Example]:
    """Returns the runs with full marks as examples, every token of them worth the same.

    Args:
        tokenizer: of the model that is to learn.
        cheapest: share of each task's right runs that is kept, the cheapest first; at least one.

    Raises:
        UsageError: no run was right, or one has no tokens of this tokenizer.
    """
    right: dict[str, list[Recorded]] = {}
    for run in runs:
        if run.outcome.success:
            right.setdefault(run.outcome.task, []).append(run)
    kept = [
        run
        for group in right.values()
        for run in sorted(group, key=lambda run: run.outcome.cost)[: ceil(len(group) * cheapest)]
    ]
    if not kept:
        raise UsageError("none of these runs was right, so there is nothing to imitate")
    rows = [row for run in kept for row in run.rows]
    return examples(rows, [[1.0] * len(row.ids) for row in rows], tokenizer)


def replayed(runs: Sequence[Recorded], tokenizer: str, *, cost_share: float = 0.2) -> list[Example]:
    """Returns judged runs as examples weighted by their advantages, for off-policy learning.

    Each run is held against what its task was expected to come to (SPO, 2509.13232): a task's
    belief is that of its other runs, so a run alone is held against even odds. The advantages are
    whitened over all runs.

    Args:
        cost_share: share of the reward that a low cost earns where the answer is right.

    Raises:
        UsageError: a run was not judged, or has no log-probabilities or no tokens of this
            tokenizer.
    """
    reward = format_gate(
        gated_cost([run.outcome.cost for run in runs], alpha=cost_share), floor=0.0
    )
    rewards = {run.outcome.run: reward(run.outcome) for run in runs}
    beliefs = _beliefs([run.outcome for run in runs], rewards)
    gains: dict[str, float] = {}
    for run in runs:
        one = Trajectory(
            trajectory=run.outcome.run, run=run.outcome.run, task=run.outcome.task,
            reward=rewards[run.outcome.run],
        )  # fmt: skip
        gains |= tracked([one], {one.task: beliefs[one.run]})
    gains = whiten(gains)
    rows = [row for run in runs for row in run.rows if gains[run.outcome.run]]
    by_trajectory = {row.trajectory: gains[row.run] for row in rows}
    return examples(rows, broadcast(rows, by_trajectory), tokenizer, off_policy=True)


def _beliefs(outcomes: Sequence[Outcome], rewards: Mapping[str, float]) -> dict[str, float]:
    """Returns for each run what the other runs of its task let expect."""
    tasks: dict[str, list[str]] = {}
    for each in outcomes:
        tasks.setdefault(each.task, []).append(each.run)
    return {
        run: Belief.first([rewards[other] for other in group if other != run]).value
        for group in tasks.values()
        for run in group
    }
