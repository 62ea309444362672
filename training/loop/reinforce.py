"""Reinforcement by rollouts: play, compare, learn, and again, until the money or the rounds end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from decimal import Decimal
from statistics import fmean
from typing import Any

from ..data.rollouts import Rollout
from ..data.rows import TrainingRow
from ..objectives.advantages import GroupMember, broadcast, leave_one_out
from ..objectives.rewards import Reward, format_gate, gated_cost
from .collapse_guard import CollapseGuard
from .examples import Trainable, TrainingExample, examples
from .reference_logprobs import referred
from .rollout_allocation import AllocationTask, allocate
from .schedule import adam
from .trainer import FineTuneConfig, TrainStep, fit

Advantages = Callable[[Sequence[GroupMember]], Mapping[str, float]]

_WINDOW = 1_000
"""Costs of earlier runs that a run's cost is compared with (Router-R1)."""


@dataclass(frozen=True, kw_only=True)
class RlConfig:
    """How is played and learned."""

    fitting: FineTuneConfig
    group: int = 8
    """Mean rollouts of a task in a round."""
    cost_share: float = 0.2
    """Share of the reward that a low cost earns where the answer is right (Router-R1)."""
    reward: Reward | None = None
    """What a run is worth; None: as Router-R1 has it, its cost among those of earlier runs."""
    advantages: Advantages = leave_one_out
    """From the members of groups to the advantage of each (`advantages`)."""
    uniform: bool = False
    """True: every task gets the same rollouts; False: more where a gradient is likelier
    (Knapsack)."""
    replays: bool = True
    """Whether a group without a success gets the task's last one back (a replay buffer of
    successes, as ARPO has; its paper was not at hand)."""


@dataclass
class TaskHistory:
    """What earlier rounds have shown of one task."""

    solved: int = 0
    tried: int = 0
    usd: Decimal = Decimal(0)
    success: tuple[Rollout, ...] = ()
    """The last run that solved it, if any."""

    def note(self, run: Rollout) -> None:
        """Takes note of one more run."""
        self.tried += 1
        self.usd += Decimal(str(run.outcome.cost))
        if run.outcome.success:
            self.solved += 1
            self.success = (run,)


@dataclass(frozen=True, kw_only=True)
class RoundResult:
    """What one round has come to."""

    number: int
    runs: int
    success: float
    reward: float
    usd: float
    """Mean cost of a run."""
    useful: float
    """Share of the groups that have a gradient."""
    replayed: int
    """Earlier successes that were put in."""
    steps: tuple[TrainStep, ...]


@dataclass
class Learner:
    """Learns from one round after the other.

    Args:
        model: is trained in place.
        watch: stops a policy that is being lost.
        known: what earlier rounds have shown, by task.
        reference: from which divergence costs, where the plan's loss has a `kl`; it stays as it
            is.
    """

    model: Trainable
    plan: RlConfig
    _: KW_ONLY
    watch: CollapseGuard = field(default_factory=CollapseGuard)
    known: dict[str, TaskHistory] = field(default_factory=dict)
    reference: Trainable | None = None
    _costs: list[float] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.optimiser = adam(self.model.module, self.plan.fitting)

    def notes(self) -> dict[str, Any]:
        """Returns what it remembers of earlier rounds, as plain values; runs by their names."""
        known = {
            task: (
                each.solved,
                each.tried,
                str(each.usd),
                [run.outcome.run for run in each.success],
            )
            for task, each in self.known.items()
        }
        return {"known": known, "costs": self._costs}

    def recall(
        self, notes: Mapping[str, Any], runs: Callable[[Sequence[str]], Mapping[str, Rollout]]
    ) -> None:
        """Takes back what `notes` returned.

        Args:
            runs: returns recorded runs by their names; of a run that is gone, nothing.
        """
        names = [name for _, _, _, success in notes["known"].values() for name in success]
        found = runs(names)
        for task, (solved, tried, usd, success) in notes["known"].items():
            again = tuple(found[name] for name in success if name in found)
            self.known[task] = TaskHistory(
                solved=solved, tried=tried, usd=Decimal(usd), success=again
            )
        self._costs = list(notes["costs"])

    def counts(self, tasks: Collection[str], usd: Decimal | None) -> dict[str, int]:
        """Returns how often each task is to be played.

        Args:
            usd: money of the round; None where the runs cost nothing, or nobody limits them.
        """
        group = self.plan.group
        spent = sum((known.usd for known in self.known.values()), Decimal(0))
        if self.plan.uniform or usd is None or not spent:
            return dict.fromkeys(tasks, group)
        mean = spent / sum(known.tried for known in self.known.values())
        candidates = [self._candidate(name, mean) for name in tasks]
        found = allocate(candidates, usd, most=4 * group)
        return {name: count for name, count in found.items() if count}

    def learn(self, number: int, runs: Sequence[Rollout]) -> RoundResult:
        """Takes note of a round's runs and makes one pass over them.

        Raises:
            Collapsed: the watch has seen enough.
            UsageError: a run has no tokens or no log-probabilities, or was not judged.
        """
        groups: dict[str, list[Rollout]] = {}
        for run in runs:
            groups.setdefault(run.outcome.task, []).append(run)
        replayed = self._replay(groups) if self.plan.replays else 0
        self._costs = [*self._costs, *(run.outcome.cost for run in runs)][-_WINDOW:]
        whole = {name: group for name, group in groups.items() if len(group) > 1}
        reward = self._reward()
        given, useful = self._examples(whole, reward)
        steps: list[TrainStep] = []
        if given:
            plan = replace(self.plan.fitting, seed=self.plan.fitting.seed + number, warm_up=None)
            fit(
                self.model, given, plan, optimiser=self.optimiser, told=steps.append,
                watch=self.watch,
            )  # fmt: skip
        for run in runs:
            self.known.setdefault(run.outcome.task, TaskHistory()).note(run)
        return RoundResult(
            number=number, runs=len(runs), replayed=replayed, steps=tuple(steps),
            success=fmean(run.outcome.success for run in runs) if runs else 0.0,
            reward=fmean(reward(run.outcome) for run in runs) if runs else 0.0,
            usd=fmean(run.outcome.cost for run in runs) if runs else 0.0,
            useful=useful / len(whole) if whole else 0.0,
        )  # fmt: skip

    def _reward(self) -> Reward:
        costs = self._costs or [0.0]
        return self.plan.reward or format_gate(gated_cost(costs, alpha=self.plan.cost_share))

    def _examples(
        self, groups: Mapping[str, Sequence[Rollout]], reward: Reward
    ) -> tuple[list[TrainingExample], int]:
        """Returns what is to be learned, and how many groups had members of unequal reward."""
        members = [
            GroupMember(
                trajectory=run.outcome.run, run=run.outcome.run, task=name,
                reward=reward(run.outcome),
            )
            for name, group in groups.items()
            for run in group
        ]  # fmt: skip
        gains = self.plan.advantages(members)
        rows = [row for group in groups.values() for run in group for row in run.rows]
        moving = [row for row in rows if gains[row.run]]
        by_trajectory = {row.trajectory: gains[row.run] for row in moving}
        useful = sum(any(gains[run.outcome.run] for run in group) for group in groups.values())
        return self._weighted(moving, by_trajectory), useful

    def _weighted(
        self, rows: Sequence[TrainingRow], gains: Mapping[str, float]
    ) -> list[TrainingExample]:
        if not rows:
            return []
        given = examples(rows, broadcast(rows, gains), self.model.tokenizer, off_policy=True)
        if self.reference is None:
            return given
        return referred(self.reference, given, self.plan.fitting.batch_tokens)

    def _replay(self, groups: dict[str, list[Rollout]]) -> int:
        """Adds an earlier success to each group that has none; returns to how many."""
        added = 0
        for name, group in groups.items():
            known = self.known.get(name)
            if known and known.success and not any(run.outcome.success for run in group):
                group.extend(known.success)
                added += 1
        return added

    def _candidate(self, task: str, mean: Decimal) -> AllocationTask:
        """Returns what is known of a task; a new one is taken to cost the mean."""
        known = self.known.get(task, TaskHistory())
        cost = known.usd / known.tried if known.usd else mean
        return AllocationTask(task=task, solved=known.solved, tried=known.tried, cost=cost)
