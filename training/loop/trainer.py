"""Learning from weighted examples: what a step does with a loss, and all steps of a training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch

from ..objectives.loss import LossConfig, loss_of, scales_of
from .collapse_guard import CollapseGuard
from .examples import Trainable, TrainingExample, grouped, tokens_of
from .schedule import TrainConfig, adam, course, named


@dataclass(frozen=True, kw_only=True)
class FineTuneConfig(TrainConfig):
    """How examples are learned."""

    how: LossConfig


@dataclass(frozen=True, kw_only=True)
class StepMetrics:
    """What the tokens of one step have shown."""

    loss: float
    kl: float
    """From the policy that sampled, in nats a token."""
    clipped: float
    effective: float
    entropy: float
    """Nats a token."""
    accuracy: float
    """Share of the tokens that were the likeliest ones, each counted as much as it is worth."""
    norm: float
    """Of the gradient, before it was cut."""


@dataclass(frozen=True, kw_only=True)
class TrainStep(StepMetrics):
    """One step of a training."""

    number: int
    of: int


def fit(
    model: Trainable,
    given: Sequence[TrainingExample],
    plan: FineTuneConfig,
    *,
    optimiser: torch.optim.Optimizer | None = None,
    told: Callable[[TrainStep], None] = lambda step: None,
    folder: Path | None = None,
    watch: CollapseGuard | None = None,
) -> None:
    """Trains a model in place.

    Each step depends on the plan and its number only, so that a training that was broken off goes
    on from its checkpoint to the same parameters, bit by bit.

    Args:
        optimiser: of the model's parameters, with what it remembers; None: `adam`'s, which
            remembers nothing.
        told: called after each step.
        folder: of the checkpoint; training goes on from the one that is there.

    Raises:
        Collapsed: the watch has seen enough.
        UsageError: the checkpoint is of another training.
    """
    optimiser = optimiser or adam(model.module, plan)
    name = name_of(plan, given, model)
    for due in course(model.module, len(given), plan, optimiser, name=name, folder=folder):
        shown = take_step(
            model, [given[place] for place in due.places], plan.how, [optimiser],
            batch_tokens=plan.batch_tokens, norm=plan.norm, random=Random(due.number),
        )  # fmt: skip
        step = TrainStep(number=due.number, of=due.of, **vars(shown))
        told(step)
        if watch is not None:
            watch.see(step.number, entropy=step.entropy, kl=step.kl)


def take_step(
    model: Trainable,
    chosen: Sequence[TrainingExample],
    how: LossConfig,
    optimisers: Sequence[torch.optim.Optimizer],
    *,
    batch_tokens: int,
    norm: float = 1.0,
    random: Random,
) -> StepMetrics:
    """Makes one step on all of some examples, however many batches they fill.

    Args:
        batch_tokens: held in memory at once, padding included.
        norm: largest norm of the gradient.
        random: orders the batches.
    """
    names = dict.fromkeys(each.trajectory for each in chosen)
    numbers = {name: place for place, name in enumerate(names)}
    scales = _scales(chosen, numbers, how)
    count = sum(map(len, scales))
    sums = dict.fromkeys(("loss", "kl", "clipped", "effective", "entropy", "accuracy"), 0.0)
    lengths = [len(each.ids) for each in chosen]
    for group in grouped(lengths, batch_tokens, random):
        tokens = tokens_of(model, [chosen[place] for place in group], numbers)
        mine = torch.cat([scales[place] for place in group])
        figures = loss_of(tokens, how, mine)
        torch.autograd.backward(figures.loss)
        share = len(mine) / count
        sums["loss"] += float(figures.loss.detach())
        sums["kl"] += share * figures.kl
        sums["clipped"] += share * figures.clipped
        sums["effective"] += share * figures.effective
        sums["entropy"] += share * figures.entropy
        sums["accuracy"] += share * figures.accuracy
    size = torch.nn.utils.clip_grad_norm_(model.module.parameters(), norm)
    for optimiser in optimisers:
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    return StepMetrics(norm=float(size), **sums)


def name_of(plan: FineTuneConfig, given: Sequence[TrainingExample], model: Trainable) -> str:
    """Returns what tells a training from any other: plan, examples and first weights."""
    parts = ((each.trajectory, each.ids, each.weights) for each in given)
    return named(plan, parts, model.module)


def _scales(
    chosen: Sequence[TrainingExample], numbers: dict[str, int], how: LossConfig
) -> list[torch.Tensor]:
    """Returns for each example how much each of its trained tokens counts in the step."""
    sizes = [sum(each.mask) for each in chosen]
    rows = torch.tensor([row for row, size in enumerate(sizes) for _ in range(size)])
    owners = [numbers[each.trajectory] for each in chosen]
    whole = torch.tensor(
        [owner for owner, size in zip(owners, sizes, strict=True) for _ in range(size)]
    )
    return list(torch.split(scales_of(rows, whole, how), sizes))
