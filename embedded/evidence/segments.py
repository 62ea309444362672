"""Segments against whole trajectories, for a policy that plays under a memory that hides turns.

Under `workspace` each turn is sampled after a prompt of its own, so that a run has as many rows as
turns (segments). A trainer that knows of no memory has one row instead: all that was ever said, one
turn after the other, of which the policy has never seen more than a part. `python -m
outlay.embedded.evidence.segments --start tiny.npz --log findings.jsonl` trains with either on the
same number of plays, and plays held-out questions greedily before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from ...agent import Home
from ...benchmarks.statistics import Estimate, difference, task_means
from ...benchmarks.suite import Task, suite
from ...ledger.account import Account
from ...ledger.budget import Budget
from ...ledger.prices.price_book import PriceBook
from ...training.data.rollouts import Rollout, RolloutConfig, play
from ...training.data.rows import TrainingRow
from ...training.loop.reinforce import Learner
from ...training.models.loading import LoadedModel, load
from ..school.reinforcement import PracticeConfig
from ..transformer.weights import SHIPPED

MEMORY = "workspace"
BUDGETS = ("usd=0.008", "usd=0.016")
_TRAINING, _HELD_OUT = suite("almanac", split="train"), suite("almanac")


@dataclass(frozen=True, kw_only=True)
class SegmentArmResult:
    """What one arm came to, held against the start on the same questions."""

    arm: str
    seed: int
    questions: int
    success: float
    success_gain: Estimate
    usd: float
    usd_gain: Estimate
    kl: float
    """Mean over rounds of the divergence at a round's first step, in nats a token: 0 where the
    rows show what the policy saw when it sampled."""


def whole(rows: Sequence[TrainingRow]) -> TrainingRow:
    """Returns the rows of a run as one: each turn after all that was ever said.

    Args:
        rows: in order; each one shows the last turn of the one before it.
    """
    joined, *others = rows
    for row in others:
        at = _after(row.ids, _last_turn(joined))
        joined = replace(
            joined,
            ids=joined.ids + row.ids[at:],
            mask=joined.mask + row.mask[at:],
            logprobs=joined.logprobs + row.logprobs[at:],
            turns=joined.turns + row.turns[at:],
        )
    return joined


ARMS: Mapping[str, Callable[[Sequence[TrainingRow]], Sequence[TrainingRow]]] = {
    "segments": lambda rows: rows,
    "whole": lambda rows: (whole(rows),),
}
"""What is learned from, made of the rows of a run."""


def _last_turn(row: TrainingRow) -> tuple[int, ...]:
    last = max(row.turns)
    return tuple(place for place, turn in zip(row.ids, row.turns, strict=True) if turn == last)


def _after(ids: Sequence[int], turn: Sequence[int]) -> int:
    """Returns the place after the last occurrence of a turn, or 0 where it is out of view."""
    ends = range(len(ids), len(turn) - 1, -1)
    return next((end for end in ends if tuple(ids[end - len(turn) : end]) == tuple(turn)), 0)


async def compare(
    start: Path, practice: PracticeConfig, questions: int, home: Path
) -> AsyncIterator[SegmentArmResult]:
    """Trains each arm from the same start, and yields what it came to."""
    before = await _tried(load(start), questions, home)
    for arm in ARMS:
        yield await _trained(start, arm, practice, before, home)


async def _trained(
    start: Path, arm: str, practice: PracticeConfig, before: Sequence[Rollout], home: Path
) -> SegmentArmResult:
    loaded = load(start)
    learner = Learner(loaded.trainable, replace(practice.reinforcement(), uniform=True))
    pool = _TRAINING.tasks(practice.rounds * practice.questions, practice.seed)
    drifts = []
    for number in range(practice.rounds):
        some = pool[number * practice.questions :][: practice.questions]
        runs = await _played(loaded, some, practice.group, number, home)
        given = [replace(run, rows=tuple(ARMS[arm](run.rows))) for run in runs]
        done = learner.learn(number, given)
        drifts += [done.steps[0].kl] if done.steps else []
    after = await _tried(loaded, len(before), home)
    return SegmentArmResult(
        arm=arm, seed=practice.seed, questions=len(after),
        success=fmean(run.outcome.success for run in after),
        success_gain=_gain(before, after, lambda run: float(run.outcome.success)),
        usd=fmean(run.outcome.cost for run in after),
        usd_gain=_gain(before, after, lambda run: run.outcome.cost),
        kl=fmean(drifts) if drifts else 0.0,
    )  # fmt: skip


def _gain(
    before: Sequence[Rollout], after: Sequence[Rollout], figure: Callable[[Rollout], float]
) -> Estimate:
    base = task_means((run.outcome.task, figure(run)) for run in before)
    return difference(base, task_means((run.outcome.task, figure(run)) for run in after))


async def _played(
    loaded: LoadedModel, tasks: Sequence[Task], group: int, number: int, home: Path
) -> list[Rollout]:
    """Returns the plays of a round, sampled."""
    stage = RolloutConfig(suite=_TRAINING, planner="tracker", memory=MEMORY, budgets=BUDGETS)
    named = {task.id: task for task in tasks}
    counts = dict.fromkeys(named, group)
    return await _play(loaded, stage, named, counts=counts, number=number, home=home)


async def _tried(loaded: LoadedModel, questions: int, home: Path) -> list[Rollout]:
    """Returns greedy plays of held-out questions, in order."""
    tasks = {task.id: task for task in _HELD_OUT.tasks(questions, 7)}
    stage = RolloutConfig(
        suite=_HELD_OUT, planner="tracker", memory=MEMORY, budgets=BUDGETS[-1:], temperature=0.0
    )
    counts = dict.fromkeys(tasks, 1)
    return await _play(loaded, stage, tasks, counts=counts, number=0, home=home)


async def _play(
    loaded: LoadedModel, stage: RolloutConfig, tasks: Mapping[str, Task], *,
    counts: Mapping[str, int], number: int, home: Path,
) -> list[Rollout]:  # fmt: skip
    policy = loaded.policy()
    try:
        return await play(
            policy, stage, tasks, counts, round=number,
            account=Account(Budget(), name="the comparison"), home=Home.at(home),
            prices=PriceBook.load(None), experiment="segments",
        )  # fmt: skip
    finally:
        await policy.close()


def main() -> None:
    """Compares, and writes each finding as a line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--start", type=Path, default=SHIPPED, help="the weights")
    parser.add_argument("--log", type=Path, required=True, help="where the findings go")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--questions", type=int, default=200)
    given = parser.parse_args()
    asyncio.run(_carry_out(given))


async def _carry_out(given: argparse.Namespace) -> None:
    for seed in given.seeds:
        practice = PracticeConfig(rounds=given.rounds, questions=12, seed=seed)
        with TemporaryDirectory() as folder, closing(Home.at(Path(folder))):
            async for finding in compare(given.start, practice, given.questions, Path(folder)):
                with given.log.open("a") as lines:
                    lines.write(json.dumps(asdict(finding)) + "\n")
                print(finding, flush=True)


if __name__ == "__main__":
    main()
