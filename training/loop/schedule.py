"""The steps of a training: what is learned when and at which rate, the same again after a crash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import nn

from . import checkpoint
from .checkpoint import Checkpoint
from .plan_text import plan_text


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How fast, how long and in which portions is learned."""

    epochs: int = 1
    rows: int = 64
    """Examples in a step."""
    batch_tokens: int = 4_000
    """Tokens that are held in memory at once, padding included."""
    rate: float = 1e-4
    """Learning rate of AdamW at its highest."""
    warm_up: float | None = 0.05
    """Share of the steps over which the rate rises; over the rest it falls to a tenth. None: the
    rate stays as it is, as in one of many rounds."""
    norm: float = 1.0
    """Largest norm of a step's gradient."""
    decay: float = 0.0
    seed: int = 0
    keep_every: int = 50
    """Steps between checkpoints."""


@dataclass(frozen=True, kw_only=True)
class StepSpec:
    """A step that is to be made."""

    number: int
    of: int
    places: tuple[int, ...]
    """Of the examples that are learned in it."""


def course(
    module: nn.Module,
    count: int,
    pace: TrainConfig,
    optimiser: torch.optim.Optimizer,
    *,
    name: str,
    folder: Path | None,
) -> Iterator[StepSpec]:
    """Yields the steps that are to be made, and keeps a checkpoint now and then.

    Each step depends on the pace and its number only, so that a training that was broken off goes
    on from its checkpoint to the same parameters, bit by bit. The optimiser's rate and torch's
    random numbers are set before a step is yielded.

    Args:
        count: examples in all.
        name: what tells this training from any other (`named`).
        folder: of the checkpoint; the steps go on after the one that is there.

    Raises:
        UsageError: the checkpoint is of another training, or cannot be written.
    """
    steps = [(epoch, at) for epoch in range(pace.epochs) for at in range(0, count, pace.rows)]
    begun = checkpoint.load(folder, name) if folder else None
    if begun is not None:
        module.load_state_dict(begun.module)
        optimiser.load_state_dict(begun.optimiser)
    for number, (epoch, at) in enumerate(steps):
        if begun is not None and number < begun.step:
            continue
        torch.manual_seed(pace.seed * 1_000_003 + number)
        order = Random(f"{pace.seed}/{epoch}").sample(range(count), count)
        for group in optimiser.param_groups:
            group["lr"] = pace.rate * _share(number / len(steps), pace.warm_up)
        yield StepSpec(number=number, of=len(steps), places=tuple(order[at : at + pace.rows]))
        if folder is not None and ((number + 1) % pace.keep_every == 0 or number + 1 == len(steps)):
            state = Checkpoint(
                step=number + 1, plan=name, module=module.state_dict(),
                optimiser=optimiser.state_dict(),
            )  # fmt: skip
            checkpoint.save(folder, state)


def adam(module: nn.Module, pace: TrainConfig) -> torch.optim.Optimizer:
    """Returns the optimiser of a training: AdamW over all parameters."""
    return torch.optim.AdamW(
        module.parameters(), pace.rate, betas=(0.9, 0.95), weight_decay=pace.decay
    )


def named(pace: TrainConfig, given: Iterable[object], module: nn.Module) -> str:
    """Returns what tells a training from any other: pace, examples and first weights.

    Args:
        given: what the examples are, as tuples of plain values.
    """
    digest = hashlib.blake2b(digest_size=8)
    count = 0
    for each in given:
        digest.update(repr(each).encode())
        count += 1
    for parameter in module.parameters():
        digest.update(repr(float(parameter.detach().double().abs().sum())).encode())
    return f"{plan_text(pace)} of {count} examples, {digest.hexdigest()}"


def _share(done: float, warm_up: float | None) -> float:
    """Returns the learning rate over its highest."""
    if warm_up is None:
        return 1.0
    rising = (done + 1e-3) / warm_up if warm_up else 1.0
    return min(1.0, rising, max(0.1, (1 - done) / (1 - warm_up)))
