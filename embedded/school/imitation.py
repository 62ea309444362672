"""Imitation: the transformer learns to speak as the expert does (supervised fine-tuning)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from statistics import fmean

import torch

from ...training.loop.examples import Trainable, TrainingExample, grouped
from ...training.loop.trainer import take_step
from ...training.objectives.loss import REINFORCE
from ..transformer.model import ModelShape
from ..transformer.vocabulary import IDS, TOKENIZER, VOCABULARY
from ..transformer.weights import load
from .episodes import TokenEpisode, drills, expert_episodes
from .expert import WASTEFUL, ExpertHabits
from .muon import Muon
from .network import Network
from .phase_episodes import phase_episodes

SHAPE = ModelShape(tokens=len(VOCABULARY))
"""The embedded transformer: a million parameters."""

_AT_ONCE = 200
"""Episodes that are drawn and sorted into batches together."""
_KEPT_EVERY = 500_000
_WARM_UP = 300_000
"""Tokens over which the learning rate rises."""
_VALUE, _OWN, _OBSERVED = 4.0, 1.0, 0.08
"""What counts where a look-up's value begins, any other own token, and one that tools wrote."""
_COLON = IDS[":"]


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """How long and from what is learned."""

    tokens: int = 12_000_000
    """Tokens of all episodes together."""
    shape: ModelShape = SHAPE
    wasteful: float = 0.3
    """Share of episodes by a wasteful expert."""
    waste: ExpertHabits = WASTEFUL
    """How that one wastes."""
    drills: float = 0.6
    """Share of drills at the beginning; it falls to an eighth of that by half-time."""
    phases: float = 0.25
    """Share of the other episodes that are plans, verdicts, notes and turns after such."""
    batch_tokens: int = 3_000
    matrix_rate: float = 0.004
    """Learning rate of Muon, for the layers' matrices."""
    other_rate: float = 0.004
    """Learning rate of AdamW, for everything else."""
    constant: float = 0.5
    """Share of the time before the rates begin to fall to nothing."""
    start: Path | None = None
    """Weights to go on from, whose shape then holds; None: from nothing."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """Where a study stands, after one step."""

    tokens: int
    loss: float
    """Nats a token, each counted as much as it is worth."""
    accuracy: float
    """Share of the tokens that were the likeliest ones, each counted as much as it is worth."""


def study(
    plan: StudyConfig,
    told: Callable[[StudyProgress], None] = lambda progress: None,
    keep: Callable[[Network], None] = lambda network: None,
) -> Network:
    """Trains a network by imitation; equal plans give equal networks on one machine.

    Args:
        told: called after each step.
        keep: called with the network as it is after each half a million tokens.
    """
    torch.manual_seed(plan.seed)
    network = Network(plan.shape) if plan.start is None else Network.of(load(plan.start))
    model = Trainable(module=network, logits=network, tokenizer=TOKENIZER)
    optimisers = _optimisers(network, plan)
    source, random, seen = _BatchSource(plan), Random(plan.seed), 0
    while seen < plan.tokens:
        for optimiser, rate in zip(optimisers, (plan.matrix_rate, plan.other_rate), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * _share_of_rate(plan, seen)
        given = source.batch(seen / plan.tokens)
        shown = take_step(
            model, given, REINFORCE, optimisers, batch_tokens=2 * plan.batch_tokens, random=random
        )
        worth = fmean(weight for each in given for weight in each.weights[1:])
        before, seen = seen, seen + sum(len(each.ids) for each in given)
        if before // _KEPT_EVERY < seen // _KEPT_EVERY:
            keep(network)
        told(StudyProgress(tokens=seen, loss=shown.loss / worth, accuracy=shown.accuracy))
    return network


def lesson(episode: TokenEpisode, number: int) -> TrainingExample:
    """Returns an episode of which every token is learned, as much as it counts."""
    shown = zip(episode.ids[1:], episode.mask[1:], episode.ids, strict=False)
    weights = [
        (_VALUE if before == _COLON else _OWN) if is_own else _OBSERVED
        for _, is_own, before in shown
    ]
    mask = (False, *(True for _ in weights))
    return TrainingExample(
        ids=episode.ids, mask=mask, weights=(0.0, *weights), trajectory=f"episode {number}"
    )


class _BatchSource:
    """Draws batches: experts' episodes, what else is asked, and drills, the drills ever fewer."""

    def __init__(self, plan: StudyConfig) -> None:
        self._plan = plan
        self._random = Random(f"study {plan.seed}")
        self._played = expert_episodes(self._random, plan.wasteful, plan.waste)
        self._drilled = drills(self._random)
        self._asked = phase_episodes(self._random)
        self._ready: list[list[TrainingExample]] = []

    def batch(self, done: float) -> list[TrainingExample]:
        """Returns a batch; `done` is the share of the study that lies behind."""
        if not self._ready:
            count = round(_AT_ONCE * self._plan.drills * max(1 / 8, 1 - 2 * done))
            asked = round((_AT_ONCE - count) * self._plan.phases)
            drawn = [
                *islice(self._played, _AT_ONCE - count - asked),
                *islice(self._drilled, count),
                *islice(self._asked, asked),
            ]
            groups = grouped([len(e.ids) for e in drawn], self._plan.batch_tokens, self._random)
            self._ready = [[lesson(drawn[at], at) for at in group] for group in groups]
        return self._ready.pop()


def _share_of_rate(plan: StudyConfig, seen: int) -> float:
    """Returns the learning rate over its highest: up, constant, then straight down to nothing."""
    rise = min(1.0, (seen + 1) / min(_WARM_UP, plan.tokens / 10))
    fall = (1 - seen / plan.tokens) / (1 - plan.constant)
    return max(0.02, min(rise, fall))


def _optimisers(network: Network, plan: StudyConfig) -> list[torch.optim.Optimizer]:
    matrices = [p for n, p in network.named_parameters() if n.startswith("layers") and p.ndim == 2]
    others = [p for p in network.parameters() if all(p is not m for m in matrices)]
    return [
        Muon(matrices, plan.matrix_rate),
        torch.optim.AdamW(others, plan.other_rate, betas=(0.9, 0.97), weight_decay=0.0),
    ]
