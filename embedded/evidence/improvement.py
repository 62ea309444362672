"""Ways to improve the same weights on the same number of plays, compared on held-out questions.

`python -m outlay.embedded.evidence.improvement --start tiny.npz --log runs.jsonl` trains each arm
from each seed and plays the questions greedily, before and after. With `--waste N` each seed begins
with a study of its own: N tokens of episodes in which the expert wastes all that it can. The
weights that come of it stay beside the log.

- `loop`, `grpo`: reinforcement in rounds, with either advantage;
- `replay`: the start's own plays, as many as the rounds have, learned from off-policy (SPO);
- `control`: of the same plays the cheaper half of each question's right ones, imitated.

It also says what becomes of success at the smallest budget when the budget line is 12 too high, or
missing, and how many groups have a gradient under equal and under Knapsack's allocation of the same
money.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import fmean

from ...benchmarks.statistics import Estimate, difference, task_means
from ...training.data.rollouts import Rollout
from ...training.loop.offline import imitated, off_policy_examples
from ...training.loop.reinforce import Learner, TaskHistory
from ...training.loop.trainer import FineTuneConfig, fit
from ...training.objectives.advantages import grpo
from ...training.objectives.loss import OFF_POLICY, SFT
from ..school.episodes import QuestionPlay, WorldQuestion
from ..school.evaluation import held_out, trial
from ..school.expert import SPENDTHRIFT
from ..school.imitation import study
from ..school.network import Network
from ..school.recipe import further
from ..school.reinforcement import PracticeConfig, checks, drawn, improve, played, trainable
from ..transformer.model import TinyModel
from ..transformer.vocabulary import TOKENIZER
from ..transformer.weights import SHIPPED, load, save

BUDGETS = (2, 4, 8, 16)
MISLED = 12
"""By how much a false budget line is too high, in prices of a search (reference/tiny-policy.md)."""
_POOL = 60
"""Questions between which money is allocated."""


@dataclass(frozen=True, kw_only=True)
class PlayResult:
    """What became of one question."""

    world: str
    """The cluster: up to eight questions share a world."""
    hops: str
    """Length of the chain; `other` for comparisons and unanswerable questions."""
    success: float
    cost: float
    """Prices of a search."""
    checked: tuple[bool, ...]
    """For each old fact read, whether its document was opened."""


class MisledPlay(QuestionPlay):
    """A play of which the budget line is too high."""

    @property
    def told(self) -> int | None:
        """What the policy is told of its budget."""
        return None if self.units is None else self.units + MISLED


LINES: Mapping[str, Callable[[WorldQuestion, int | None], QuestionPlay]] = {
    "true": QuestionPlay,
    "false": MisledPlay,
    "none": lambda case, units: QuestionPlay(case, units, is_told=False),
}
"""What a play is told of its budget."""


def tried(
    model: TinyModel, questions: Sequence[WorldQuestion], units: int, line: str = "true"
) -> list[PlayResult]:
    """Plays questions greedily at one budget, in prices of a search; `line` is one of `LINES`."""
    plays = trial(model, questions, units, LINES[line]).plays
    worlds = {id(case.world): str(place) for place, case in enumerate(questions)}
    return [
        PlayResult(
            world=worlds[id(case.world)], hops=str(case.hops or "other"), success=play.score(),
            cost=float(play.spent), checked=tuple(checks(play)),
        )
        for case, play in zip(questions, plays, strict=True)
    ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ArmResult:
    """What one policy made of the questions at one budget, held against the start."""

    arm: str
    seed: int
    units: int
    line: str
    questions: int
    success: float
    success_gain: Estimate
    """Over that of the start with a true line: means of worlds, paired."""
    cost: float
    cost_gain: Estimate
    checked: float | None
    """Share of old facts read whose document was opened."""
    by_hops: Mapping[str, float]
    """Success by the length of the chain."""

    @classmethod
    def of(
        cls, before: Sequence[PlayResult], after: Sequence[PlayResult], *, arm: str, seed: int,
        units: int, line: str,
    ) -> ArmResult:  # fmt: skip
        """Returns what `after` shows against `before`, the same questions."""
        checked = [is_checked for each in after for is_checked in each.checked]
        return cls(
            arm=arm, seed=seed, units=units, line=line, questions=len(after),
            success=fmean(each.success for each in after),
            success_gain=_gain(before, after, lambda each: each.success),
            cost=fmean(each.cost for each in after),
            cost_gain=_gain(before, after, lambda each: each.cost),
            checked=fmean(checked) if checked else None, by_hops=_by_hops(after),
        )  # fmt: skip


def _by_hops(played: Sequence[PlayResult]) -> dict[str, float]:
    """Returns success by the length of the chain, and of chains up to two and of longer ones."""
    groups: dict[str, list[float]] = {}
    for each in played:
        whole = {"1": "1-2", "2": "1-2", "3": "3-4", "4": "3-4"}.get(each.hops)
        for name in filter(None, (each.hops, whole)):
            groups.setdefault(name, []).append(each.success)
    return {name: fmean(groups[name]) for name in sorted(groups)}


def _gain(
    before: Sequence[PlayResult], after: Sequence[PlayResult], figure: Callable[[PlayResult], float]
) -> Estimate:
    base = task_means((each.world, figure(each)) for each in before)
    return difference(base, task_means((each.world, figure(each)) for each in after))


def arms(practice: PracticeConfig) -> Mapping[str, Callable[[Network], None]]:
    """Returns the ways to improve a network in place, each with as many plays."""
    return {
        "loop": lambda network: improve(network, practice),
        "grpo": lambda network: improve(network, replace(practice, advantages=grpo)),
        "replay": lambda network: _offline(network, practice, is_control=False),
        "control": lambda network: _offline(network, practice, is_control=True),
    }


def _offline(network: Network, practice: PracticeConfig, *, is_control: bool) -> None:
    """Learns from plays of the network as it is, in one pass."""
    runs, model = _plays(network, practice), trainable(network)
    given = (
        imitated(runs, TOKENIZER, cheapest=0.5)
        if is_control
        else off_policy_examples(runs, TOKENIZER)
    )
    plan = FineTuneConfig(
        how=SFT if is_control else OFF_POLICY, rows=practice.rows,
        batch_tokens=practice.batch_tokens, rate=practice.rate, seed=practice.seed,
    )  # fmt: skip
    fit(model, given, plan)


def _plays(network: Network, practice: PracticeConfig) -> list[Rollout]:
    random, model = Random(f"practice {practice.seed}"), network.exported()
    return [
        run
        for number in range(practice.rounds)
        for run in played(model, drawn(random, practice), practice.group, random, number)
    ]


def allocations(model: TinyModel, practice: PracticeConfig) -> dict[str, tuple[float, float]]:
    """Returns the share of groups with a gradient, and of plays in such groups, by allocation.

    Sixty questions are played by groups for a first estimate; then the same money is spent again,
    once evenly and once by Knapsack's rule.
    """
    random = Random(f"allocation {practice.seed}")
    plays = drawn(random, replace(practice, questions=_POOL))
    known: dict[str, TaskHistory] = {}
    for run in played(model, plays, practice.group, random, 0):
        known.setdefault(run.outcome.task, TaskHistory()).note(run)
    usd = sum((each.usd for each in known.values()), Decimal(0))
    found = {}
    for name in ("uniform", "knapsack"):
        plan = replace(practice.reinforcement(), uniform=name == "uniform")
        counts = Learner(trainable(Network.of(model)), plan, known=known).counts(known, usd)
        groups = [
            [again(plays[list(known).index(task) * practice.group]) for _ in range(count)]
            for task, count in counts.items()
        ]
        runs = [played(model, group, len(group), random, 1) for group in groups]
        mixed = [len({run.outcome.success for run in group}) > 1 for group in runs]
        useful = sum(len(group) for group, is_mixed in zip(runs, mixed, strict=True) if is_mixed)
        found[name] = (fmean(mixed), useful / sum(map(len, runs)))
    return found


def again(play: QuestionPlay) -> QuestionPlay:
    """Returns the same question with the same budget, not begun."""
    return QuestionPlay(play.case, None if play.units is None else play.units + play.spent)


def spendthrift(start: Path, tokens: int, seed: int) -> TinyModel:
    """Returns what becomes of weights that study a spendthrift's episodes."""
    plan = replace(further(start).study, wasteful=1.0, waste=SPENDTHRIFT, tokens=tokens, seed=seed)
    return study(plan).exported()


def compare(
    start: TinyModel,
    practice: PracticeConfig,
    *,
    names: Sequence[str],
    questions: Sequence[WorldQuestion],
    budgets: Sequence[int],
    told: Callable[[ArmResult], None],
) -> None:
    """Tells what the start, and each arm after it, make of the questions at each budget."""
    seed = practice.seed
    before = {units: tried(start, questions, units) for units in budgets}
    for units, found in before.items():
        told(ArmResult.of(found, found, arm="start", seed=seed, units=units, line="true"))
    least = min(budgets)
    for line in ("false", "none"):
        after = tried(start, questions, least, line)
        told(ArmResult.of(before[least], after, arm="start", seed=seed, units=least, line=line))
    for name in names:
        network = Network.of(start)
        arms(practice)[name](network)
        for units in budgets:
            after = tried(network.exported(), questions, units)
            told(ArmResult.of(before[units], after, arm=name, seed=seed, units=units, line="true"))


def main() -> None:
    """Compares, and writes each finding as a line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--start", type=Path, default=SHIPPED, help="the weights")
    parser.add_argument("--log", type=Path, required=True, help="where the findings go")
    parser.add_argument("--waste", type=int, metavar="TOKENS", help="of a spendthrift's episodes")
    parser.add_argument("--arms", nargs="*", default=["loop", "grpo", "replay", "control"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--questions", type=int, default=1_000)
    parser.add_argument("--budgets", type=int, nargs="+", default=BUDGETS)
    given = parser.parse_args()
    questions = held_out(given.questions, seed=0)

    def told(finding: ArmResult) -> None:
        with given.log.open("a") as lines:
            lines.write(json.dumps(asdict(finding)) + "\n")
        print(sentence(finding), flush=True)

    for seed in given.seeds:
        practice = PracticeConfig(rounds=given.rounds, seed=seed)
        if given.waste is None:
            start = load(given.start)
        else:
            start = spendthrift(given.start, given.waste, seed)
            save(start, given.log.with_suffix(f".{seed}.npz"))
        for name, (groups, plays) in allocations(start, practice).items():
            shares = f"{groups:.0%} of groups, {plays:.0%} of plays have a gradient"
            print(f"seed {seed} {name}: {shares}", flush=True)
        compare(
            start, practice, names=given.arms, questions=questions, budgets=given.budgets, told=told
        )


def sentence(finding: ArmResult) -> str:
    """Returns a finding in one line."""
    success, cost = finding.success_gain, finding.cost_gain
    checked = "–" if finding.checked is None else f"{finding.checked:.0%}"
    return (
        f"{finding.arm} seed {finding.seed} cap {finding.units} line {finding.line}: "
        f"success {finding.success:.3f} ({_signed(success)}), cost {finding.cost:.2f} "
        f"({_signed(cost)}), old facts checked {checked}"
    )


def _signed(estimate: Estimate) -> str:
    interval = estimate.interval
    around = f"; {interval.low:+.3f} to {interval.high:+.3f}" if interval else ""
    return f"{estimate.value:+.3f}{around}"


if __name__ == "__main__":
    main()
