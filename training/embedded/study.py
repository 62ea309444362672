"""Imitation: the transformer learns to speak as the expert does (supervised fine-tuning)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional

from ...policies.embedded.tiny.model import Shape
from ...policies.embedded.tiny.vocabulary import VOCABULARY
from ...policies.embedded.tiny.weights import load
from .batches import Batch, batch, grouped
from .episodes import Episode, drills, expert_episodes
from .muon import Muon
from .network import Network

SHAPE = Shape(tokens=len(VOCABULARY))
"""The embedded transformer: a million parameters."""

_AT_ONCE = 200
"""Episodes that are drawn and sorted into batches together."""
_KEPT_EVERY = 500_000
_WARM_UP = 300_000
"""Tokens over which the learning rate rises."""
_VALUE, _OBSERVED = 4.0, 0.08
"""Weights of the place where a look-up's value begins, and of tokens that tools wrote."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """How long and from what is learned."""

    tokens: int = 5_000_000
    """Tokens of all episodes together."""
    shape: Shape = SHAPE
    wasteful: float = 0.3
    """Share of episodes by a wasteful expert."""
    drills: float = 0.6
    """Share of drills at the beginning; it falls to an eighth of that by half-time."""
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
class Progress:
    """Where a study stands, after one step."""

    tokens: int
    loss: float
    values: float
    """Share of look-ups in this batch whose value begins right."""


def study(
    plan: Study,
    told: Callable[[Progress], None] = lambda progress: None,
    keep: Callable[[Network], None] = lambda network: None,
) -> Network:
    """Trains a network by imitation; equal plans give equal networks on one machine.

    Args:
        told: called after each step.
        keep: called with the network as it is after each half a million tokens.
    """
    torch.manual_seed(plan.seed)
    network = Network(plan.shape) if plan.start is None else Network.of(load(plan.start))
    optimisers = _optimisers(network, plan)
    source, seen = _Source(plan), 0
    while seen < plan.tokens:
        found = source.batch(seen / plan.tokens)
        loss, values = _lesson(network, found)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimiser, rate in zip(optimisers, (plan.matrix_rate, plan.other_rate), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * _share_of_rate(plan, seen)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        before, seen = seen, seen + int((found.ids != 0).sum())
        if before // _KEPT_EVERY < seen // _KEPT_EVERY:
            keep(network)
        told(Progress(tokens=seen, loss=float(loss.detach()), values=values))
    return network


class _Source:
    """Draws batches: experts' episodes and drills, the drills ever fewer."""

    def __init__(self, plan: Study) -> None:
        self._plan = plan
        self._random = Random(f"study {plan.seed}")
        self._played = expert_episodes(self._random, plan.wasteful)
        self._drilled = drills(self._random)
        self._ready: list[list[Episode]] = []

    def batch(self, done: float) -> Batch:
        """Returns a batch; `done` is the share of the study that lies behind."""
        if not self._ready:
            count = round(_AT_ONCE * self._plan.drills * max(1 / 8, 1 - 2 * done))
            drawn = [*islice(self._played, _AT_ONCE - count), *islice(self._drilled, count)]
            groups = grouped([len(e.ids) for e in drawn], self._plan.batch_tokens, self._random)
            self._ready = [[drawn[place] for place in group] for group in groups]
        return batch(self._ready.pop())


def _lesson(network: Network, found: Batch) -> tuple[Tensor, float]:
    """Returns the loss of a batch, and the share of look-ups whose value begins right."""
    weights = found.lesson_weights(_VALUE, _OBSERVED).reshape(-1)
    targets = found.targets.reshape(-1)
    logits = network(found.ids).reshape(len(targets), -1)
    losses = functional.cross_entropy(logits, targets, reduction="none")
    asked = found.values.reshape(-1)
    right = (logits[asked].argmax(-1) == targets[asked]).float()
    return (losses * weights).sum() / weights.sum(), float(right.mean()) if len(right) else 0.0


def _share_of_rate(plan: Study, seen: int) -> float:
    """Returns the learning rate over its highest: up, constant, then straight down to nothing."""
    rise = min(1.0, (seen + 1) / min(_WARM_UP, plan.tokens / 10))
    fall = (1 - seen / plan.tokens) / (1 - plan.constant)
    return max(0.02, min(rise, fall))


def _optimisers(network: Network, plan: Study) -> list[torch.optim.Optimizer]:
    matrices = [p for n, p in network.named_parameters() if n.startswith("layers") and p.ndim == 2]
    others = [p for p in network.parameters() if all(p is not m for m in matrices)]
    return [
        Muon(matrices, plan.matrix_rate),
        torch.optim.AdamW(others, plan.other_rate, betas=(0.9, 0.97), weight_decay=0.0),
    ]
