"""Reinforcement: the transformer plays by itself, and the trainer learns from it round by round.

It plays without the Agent around it, a hundred questions in step; prompts, answers and costs are
the same token for token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from random import Random
from statistics import fmean

from ...benchmarks.suites.almanac.grammar import NAME, OLD, SEARCH_PRICE
from ...training.data.outcome import Outcome
from ...training.data.rollouts import Rollout
from ...training.data.rows import RowTier, TrainingRow
from ...training.loop.examples import Trainable
from ...training.loop.reinforce import Advantages, Learner, RlConfig
from ...training.loop.reinforce import RoundResult as Learned
from ...training.loop.trainer import FineTuneConfig
from ...training.objectives.advantages import leave_one_out
from ...training.objectives.loss import LossConfig
from ...training.objectives.rewards import weighted_cost
from ..transformer.model import GeneratedTurn, TinyModel
from ..transformer.vocabulary import OPEN, TOKENIZER, decode
from .episodes import BUDGETS, QuestionPlay, WorldQuestion, cases, training_knobs
from .evaluation import TokenSampler, play_all
from .network import Network

_TOGETHER = 96
"""Plays decoded at once."""
_READ_OLD = re.compile(rf"({NAME}) \w+ : {NAME} {re.escape(OLD)} \.")
_OPENED = re.compile(rf"{OPEN} ({NAME})")


@dataclass(frozen=True, kw_only=True)
class PracticeConfig:
    """How long and for what is played."""

    rounds: int = 60
    questions: int = 20
    """Questions in a round."""
    group: int = 8
    """Plays of each question, 2 or more."""
    price: float = 0.02
    """What a search costs of the reward; a right answer is worth 1."""
    rate: float = 2e-4
    """Learning rate of AdamW."""
    entropy: float = 0.002
    """What a nat of entropy per token is worth."""
    advantages: Advantages = leave_one_out
    rows: int = 80
    """Plays in a step of the optimiser."""
    batch_tokens: int = 4_500
    seed: int = 0

    def reinforcement(self) -> RlConfig:
        """Returns the same for the trainer."""
        how = LossConfig(reference="token", clip=(0.2, 0.2), entropy=self.entropy)
        fitting = FineTuneConfig(
            how=how, rows=self.rows, batch_tokens=self.batch_tokens, rate=self.rate, seed=self.seed
        )
        reward = weighted_cost(reference=float(SEARCH_PRICE), weight=self.price)
        return RlConfig(
            fitting=fitting,
            group=self.group,
            replays=False,
            reward=reward,
            advantages=self.advantages,
        )


@dataclass(frozen=True, kw_only=True)
class PracticeRound:
    """What came out of one round."""

    number: int
    reward: float
    success: float
    cost: float
    """Mean price of a play's calls, in prices of a search."""
    entropy: float
    """Mean entropy of a token, in nats."""
    kl: float
    """Of the last step from the policy that played, in nats a token."""
    checked: float | None
    """Share of old facts read that were checked in their document; None: none was read."""
    useful: float
    """Share of questions whose plays differ in reward."""


def improve(
    network: Network,
    plan: PracticeConfig,
    told: Callable[[PracticeRound], None] = lambda found: None,
) -> None:
    """Trains a network in place.

    Raises:
        Collapsed: the policy is being lost.
    """
    random = Random(f"practice {plan.seed}")
    learner = Learner(trainable(network), plan.reinforcement())
    for number in range(plan.rounds):
        plays = drawn(random, plan)
        runs = played(network.exported(), plays, plan.group, random, number)
        told(_summary(learner.learn(number, runs), plays))


def trainable(network: Network) -> Trainable:
    """Returns a network as the trainer takes it."""
    return Trainable(module=network, logits=network, tokenizer=TOKENIZER)


def drawn(random: Random, plan: PracticeConfig) -> list[QuestionPlay]:
    """Returns the plays of a round, not begun: of each question a group, with one budget."""
    found: list[WorldQuestion] = []
    while len(found) < plan.questions:
        found += islice(cases(random, training_knobs(random)), 4)
    budgets = [random.choice((*BUDGETS, None)) for _ in found]
    return [
        QuestionPlay(case, units)
        for case, units in zip(found, budgets, strict=True)
        for _ in range(plan.group)
    ]


def played(
    model: TinyModel, plays: Sequence[QuestionPlay], group: int, random: Random, number: int
) -> list[Rollout]:
    """Plays by sampling, to the ends of all plays, and returns what is to be learned from.

    Args:
        group: so many plays, one after the other, are of one question.
        number: of the round.
    """
    sampler, runs = TokenSampler(random.getrandbits(32)), []
    for start in range(0, len(plays), _TOGETHER):
        some = plays[start : start + _TOGETHER]
        for place, turns in enumerate(play_all(model, some, sampler), start):
            task = f"{number}/{place // group}"
            runs.append(rollout(plays[place], turns, f"{number}/{place}", task))
    return runs


def rollout(play: QuestionPlay, turns: Sequence[GeneratedTurn], run: str, task: str) -> Rollout:
    """Returns a play that has ended, to be learned from.

    Args:
        turns: what was decoded in it.
        run: its name.
        task: that of the question with its budget: the group that it is compared in.
    """
    own = iter([(n, logprob) for n, turn in enumerate(turns) for logprob in turn.logprobs])
    tokens = [next(own) if is_own else (-1, 0.0) for is_own in play.mask]
    row = TrainingRow(
        run=run, trajectory=run, segment=0, task=task, tier=RowTier.TOKENS, tokenizer=TOKENIZER,
        ids=tuple(play.ids), mask=tuple(play.mask),
        turns=tuple(turn for turn, _ in tokens), logprobs=tuple(logprob for _, logprob in tokens),
        policy="embedded", messages=(), trained=(),
    )  # fmt: skip
    outcome = Outcome(
        run=run, task=task, score=play.score(), status="answered",
        usd={"tools": Decimal(play.spent) * SEARCH_PRICE}, turns=play.turns,
    )  # fmt: skip
    return Rollout(outcome=outcome, rows=(row,))


def checks(play: QuestionPlay) -> Iterator[bool]:
    """Yields for each name of which the policy read an old fact whether it opened its document."""
    text = decode(play.ids)
    opened = set(_OPENED.findall(text))
    for name in sorted(set(_READ_OLD.findall(text))):
        yield name in opened


def _summary(done: Learned, plays: Sequence[QuestionPlay]) -> PracticeRound:
    checked = [is_checked for play in plays for is_checked in checks(play)]
    return PracticeRound(
        number=done.number,
        reward=done.reward,
        success=done.success,
        cost=fmean(play.spent for play in plays),
        entropy=fmean(step.entropy for step in done.steps) if done.steps else 0.0,
        kl=done.steps[-1].kl if done.steps else 0.0,
        checked=fmean(checked) if checked else None,
        useful=done.useful,
    )
