"""The optimiser loop: examples to steps, the same again after a crash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch

from . import checkpoint
from .checkpoint import Checkpoint
from .examples import Example, Trainable, grouped, tokens_of
from .loss import Loss, loss_of, scales_of
from .watch import Watch


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """How examples are learned."""

    how: Loss
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
class Shown:
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
class Step(Shown):
    """One step of a training."""

    number: int
    of: int


def fit(
    model: Trainable,
    given: Sequence[Example],
    plan: Fitting,
    *,
    optimiser: torch.optim.Optimizer | None = None,
    told: Callable[[Step], None] = lambda step: None,
    folder: Path | None = None,
    watch: Watch | None = None,
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
    optimiser = optimiser or adam(model, plan)
    steps = [
        (epoch, part)
        for epoch in range(plan.epochs)
        for part in range(0, len(given), plan.rows)
    ]  # fmt: skip
    name = name_of(plan, given, model)
    begun = checkpoint.load(folder, name) if folder else None
    if begun is not None:
        model.module.load_state_dict(begun.module)
        optimiser.load_state_dict(begun.optimiser)
    for number, (epoch, part) in enumerate(steps):
        if begun is not None and number < begun.step:
            continue
        torch.manual_seed(plan.seed * 1_000_003 + number)
        order = Random(f"{plan.seed}/{epoch}").sample(range(len(given)), len(given))
        chosen = [given[place] for place in order[part : part + plan.rows]]
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * _share(number / len(steps), plan.warm_up)
        shown = take_step(
            model, chosen, plan.how, [optimiser], batch_tokens=plan.batch_tokens, norm=plan.norm,
            random=Random(number),
        )  # fmt: skip
        step = Step(number=number, of=len(steps), **vars(shown))
        told(step)
        if watch is not None:
            watch.see(number, entropy=step.entropy, kl=step.kl)
        if folder is not None and ((number + 1) % plan.keep_every == 0 or number + 1 == len(steps)):
            state = Checkpoint(
                step=number + 1, plan=name, module=model.module.state_dict(),
                optimiser=optimiser.state_dict(),
            )  # fmt: skip
            checkpoint.save(folder, state)


def adam(model: Trainable, plan: Fitting) -> torch.optim.Optimizer:
    """Returns the optimiser of a plan: AdamW over all parameters."""
    return torch.optim.AdamW(
        model.module.parameters(), plan.rate, betas=(0.9, 0.95), weight_decay=plan.decay
    )


def take_step(
    model: Trainable,
    chosen: Sequence[Example],
    how: Loss,
    optimisers: Sequence[torch.optim.Optimizer],
    *,
    batch_tokens: int,
    norm: float = 1.0,
    random: Random,
) -> Shown:
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
    return Shown(norm=float(size), **sums)


def name_of(plan: Fitting, given: Sequence[Example], model: Trainable) -> str:
    """Returns what tells a training from any other: plan, examples and first weights."""
    digest = hashlib.blake2b(digest_size=8)
    for each in given:
        digest.update(repr((each.trajectory, each.ids, each.weights)).encode())
    for parameter in model.module.parameters():
        digest.update(repr(float(parameter.detach().double().abs().sum())).encode())
    return f"{plan} of {len(given)} examples, {digest.hexdigest()}"


def _scales(chosen: Sequence[Example], numbers: dict[str, int], how: Loss) -> list[torch.Tensor]:
    """Returns for each example how much each of its trained tokens counts in the step."""
    sizes = [sum(each.mask) for each in chosen]
    rows = torch.tensor([row for row, size in enumerate(sizes) for _ in range(size)])
    owners = [numbers[each.trajectory] for each in chosen]
    whole = torch.tensor(
        [owner for owner, size in zip(owners, sizes, strict=True) for _ in range(size)]
    )
    return list(torch.split(scales_of(rows, whole, how), sizes))


def _share(done: float, warm_up: float | None) -> float:
    """Returns the learning rate over its highest."""
    if warm_up is None:
        return 1.0
    rising = (done + 1e-3) / warm_up if warm_up else 1.0
    return min(1.0, rising, max(0.1, (1 - done) / (1 - warm_up)))
