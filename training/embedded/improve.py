"""Reinforcement: the transformer plays by itself, and what answered well for little is kept up.

REINFORCE with a leave-one-out baseline over several plays of each question (Ahmadian et al. 2024,
arXiv 2402.14740; for agents LOOP, Chen et al. 2025, arXiv 2502.01600), and a bonus for entropy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from statistics import fmean

import torch
from torch import Tensor
from torch.nn import functional

from ...policies.embedded.grammar import NAME, OLD
from ...policies.embedded.tiny.vocabulary import OPEN, decode
from .batches import Batch, batch, grouped
from .episodes import BUDGETS, Case, Play, cases, training_knobs
from .network import Network
from .trial import Sampler, play_all

_TOGETHER = 96
"""Plays decoded at once."""
_READ_OLD = re.compile(rf"({NAME}) \w+ : {NAME} {re.escape(OLD)} \.")
_OPENED = re.compile(rf"{OPEN} ({NAME})")


@dataclass(frozen=True, kw_only=True)
class Practice:
    """How long and for what is played."""

    rounds: int = 80
    questions: int = 20
    """Questions in a round."""
    group: int = 8
    """Plays of each question, 2 or more."""
    price: float = 0.02
    """What a search costs of the reward; a right answer is worth 1."""
    rate: float = 2e-4
    """Learning rate of AdamW; it falls to a tenth in the last third."""
    entropy: float = 0.002
    """What a nat of entropy per token is worth."""
    steps: int = 2
    """Optimiser steps in a round."""
    batch_tokens: int = 4_500
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Round:
    """What came out of one round."""

    number: int
    reward: float
    success: float
    cost: float
    """Mean price of a play's calls, in prices of a search."""
    entropy: float
    """Mean entropy of a token, in nats."""
    checked: float | None
    """Share of old facts read that were checked in their document; None: none was read."""
    useful: float
    """Share of plays with an advantage."""


def improve(
    network: Network, plan: Practice, told: Callable[[Round], None] = lambda found: None
) -> None:
    """Trains a network in place."""
    random = Random(f"practice {plan.seed}")
    torch.manual_seed(plan.seed)
    optimiser = torch.optim.AdamW(
        network.parameters(), plan.rate, betas=(0.9, 0.95), weight_decay=0.0
    )
    for number in range(plan.rounds):
        plays = _plays(random, plan)
        model, sampler = network.exported(), Sampler(random.getrandbits(32))
        for start in range(0, len(plays), _TOGETHER):
            play_all(model, plays[start : start + _TOGETHER], sampler)
        rewards = [reward(play, plan.price) for play in plays]
        advantages = leave_one_out(rewards, plan.group)
        kept = [place for place, advantage in enumerate(advantages) if abs(advantage) > 1e-3]
        random.shuffle(kept)
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * min(1.0, max(0.1, 3 * (1 - number / plan.rounds)))
        entropies = [
            _step(network, optimiser, plays, advantages, kept[part :: plan.steps], plan, random)
            for part in range(plan.steps)
            if kept[part :: plan.steps]
        ]
        told(_summary(number, plays, rewards, entropies, len(kept)))


def reward(play: Play, price: float) -> float:
    """Returns 1 for a right answer, less what the calls cost."""
    return play.score() - price * play.spent


def leave_one_out(rewards: Sequence[float], group: int) -> list[float]:
    """Returns each reward less the mean of the others in its group."""
    found: list[float] = []
    for start in range(0, len(rewards), group):
        mine = rewards[start : start + group]
        found += [(value - fmean(mine)) * group / (group - 1) for value in mine]
    return found


def checks(play: Play) -> Iterator[bool]:
    """Yields for each name of which the policy read an old fact whether it opened its document."""
    text = decode(play.ids)
    opened = set(_OPENED.findall(text))
    for name in sorted(set(_READ_OLD.findall(text))):
        yield name in opened


def _plays(random: Random, plan: Practice) -> list[Play]:
    found: list[Case] = []
    while len(found) < plan.questions:
        found += islice(cases(random, training_knobs(random)), 4)
    budgets = [random.choice((*BUDGETS, None)) for _ in found]
    return [
        Play(case, units)
        for case, units in zip(found, budgets, strict=True)
        for _ in range(plan.group)
    ]


def _step(
    network: Network,
    optimiser: torch.optim.Optimizer,
    plays: Sequence[Play],
    advantages: Sequence[float],
    kept: Sequence[int],
    plan: Practice,
    random: Random,
) -> float:
    """Makes one step on some plays; returns the mean entropy of their tokens."""
    own = sum(sum(plays[place].mask) for place in kept)
    entropy = 0.0
    lengths = [len(plays[place].ids) for place in kept]
    for group in grouped(lengths, plan.batch_tokens, random):
        found = batch([plays[kept[place]].episode() for place in group])
        weights = torch.tensor([advantages[kept[place]] for place in group])
        gain, bonus = _objective(network, found, weights)
        torch.autograd.backward(-(gain + plan.entropy * bonus) / own)
        entropy += float(bonus.detach())
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return entropy / own


def _objective(network: Network, found: Batch, advantages: Tensor) -> tuple[Tensor, Tensor]:
    """Returns summed log-probabilities times advantages, and summed entropies."""
    chosen = found.own.reshape(-1).nonzero()[:, 0]
    table = functional.log_softmax(network(found.ids, chosen), -1)
    taken = table.gather(1, found.targets.reshape(-1)[chosen][:, None])[:, 0]
    weights = advantages[:, None].expand_as(found.ids).reshape(-1)[chosen]
    return (taken * weights).sum(), -(table.exp() * table).sum()


def _summary(
    number: int,
    plays: Sequence[Play],
    rewards: Sequence[float],
    entropies: Sequence[float],
    kept: int,
) -> Round:
    checked = [is_checked for play in plays for is_checked in checks(play)]
    return Round(
        number=number,
        reward=fmean(rewards),
        success=fmean(play.score() for play in plays),
        cost=fmean(play.spent for play in plays),
        entropy=fmean(entropies) if entropies else 0.0,
        checked=fmean(checked) if checked else None,
        useful=kept / len(plays),
    )
