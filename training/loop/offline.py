"""Learning from recorded runs alone: imitation, replay with their rewards, or preference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from ...ledger.errors import UsageError
from ..data.outcome import Outcome
from ..data.preference_pairs import PairBranch, pairs, replies
from ..data.recorded_runs import RecordedRollout
from ..data.rollouts import Rollout
from ..data.row_checks import check_rows, check_tokens
from ..objectives.advantages import GroupMember, broadcast, tracked, whiten
from ..objectives.rewards import Reward, format_gate, gated_cost
from ..objectives.task_values import SuccessBelief
from .dpo import TokenPair
from .examples import TrainingExample, examples


def imitated(
    runs: Iterable[Rollout], tokenizer: str, *, cheapest: float = 1.0
) -> list[TrainingExample]:
    """Returns the runs with full marks as examples, every token of them worth the same.

    Args:
        tokenizer: of the model that is to learn.
        cheapest: share of each task's right runs that is kept, the cheapest first; at least one.

    Raises:
        UsageError: no run was right, or one has no tokens of this tokenizer.
    """
    right: dict[str, list[Rollout]] = {}
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


def off_policy_examples(
    runs: Sequence[Rollout], tokenizer: str, *, cost_share: float = 0.2
) -> list[TrainingExample]:
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
    reward = _reward(runs, cost_share)
    rewards = {run.outcome.run: reward(run.outcome) for run in runs}
    beliefs = _beliefs([run.outcome for run in runs], rewards)
    gains: dict[str, float] = {}
    for run in runs:
        one = GroupMember(
            trajectory=run.outcome.run, run=run.outcome.run, task=run.outcome.task,
            reward=rewards[run.outcome.run],
        )  # fmt: skip
        gains |= tracked([one], {one.task: beliefs[one.run]})
    gains = whiten(gains)
    rows = [row for run in runs for row in run.rows if gains[run.outcome.run]]
    by_trajectory = {row.trajectory: gains[row.run] for row in rows}
    return examples(rows, broadcast(rows, by_trajectory), tokenizer, off_policy=True)


def preferred(
    runs: Sequence[RecordedRollout], tokenizer: str, *, cost_share: float = 0.2
) -> list[TokenPair]:
    """Returns pairs of replies to one prompt, of which one led to the greater reward.

    A reply that was given several times has the mean reward of its trajectories (`pairs`). Replies
    to prompts of the same text that are not the same tokens make no pair.

    Args:
        cost_share: share of the reward that a low cost earns where the answer is right.

    Raises:
        UsageError: a run was not judged, or has no tokens of this tokenizer, or nowhere do two
            runs part that came to unequal ends.
    """
    rows = [row for run in runs for row in run.rows]
    check_rows(rows)
    check_tokens(rows, tokenizer)
    reward = _reward(runs, cost_share)
    values = {name: reward(each) for run in runs for name, each in run.outcomes.items()}
    calls = (call for run in runs for call in run.calls)
    both = ((_reply(p.chosen), _reply(p.rejected)) for p in pairs(replies(calls, values)))
    found = [
        TokenPair(chosen=chosen, rejected=rejected)
        for chosen, rejected in both
        if _prompt(chosen) == _prompt(rejected)
    ]
    if not found:
        raise UsageError(
            "these runs never part at the same prompt to unequal rewards, so there is nothing to "
            "prefer: record repeats of each task (`outlay bench --repeats 8`)"
        )
    return found


def _reply(branch: PairBranch) -> TrainingExample:
    """Returns a step as a row of its own: the prompt is context."""
    if branch.sampled is None:
        raise UsageError(f"run {branch.run} has a reply without token ids: leave the run out")
    prompt, ids = branch.sampled.prompt or (), branch.sampled.ids
    whole = (*prompt, *ids)
    return TrainingExample(
        ids=whole, mask=(*(False for _ in prompt), *(True for _ in ids)),
        weights=(1.0,) * len(whole), trajectory=branch.run,
    )  # fmt: skip


def _prompt(example: TrainingExample) -> tuple[int, ...]:
    return example.ids[: example.mask.index(True)]


def _reward(runs: Sequence[Rollout], cost_share: float) -> Reward:
    costs = [run.outcome.cost for run in runs]
    return format_gate(gated_cost(costs, alpha=cost_share), floor=0.0)


def _beliefs(outcomes: Sequence[Outcome], rewards: Mapping[str, float]) -> dict[str, float]:
    """Returns for each run what the other runs of its task let expect."""
    tasks: dict[str, list[str]] = {}
    for each in outcomes:
        tasks.setdefault(each.task, []).append(each.run)
    return {
        run: SuccessBelief.first([rewards[other] for other in group if other != run]).value
        for group in tasks.values()
        for run in group
    }
