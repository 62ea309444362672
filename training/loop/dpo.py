"""Preference: of two replies to one prompt the better one becomes likelier than it was.

Direct preference optimisation (DPO, Rafailov et al. 2023, arXiv 2305.18290, eq. 7):

    L = -log sigmoid(beta · [log pi(c|x)/ref(c|x) - log pi(r|x)/ref(r|x)])

for a prompt x, the chosen reply c and the rejected one r. The reference is the model as it was
before the first step. What it says of each reply is computed once and kept as a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .examples import Trainable, TrainingExample, grouped, tokens_of
from .reference_logprobs import logprobs_of
from .schedule import TrainConfig, adam, course, named


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """Two sequences that begin alike; what counts is only the replies after it, by their masks."""

    chosen: TrainingExample
    rejected: TrainingExample


@dataclass(frozen=True, kw_only=True)
class DpoConfig(TrainConfig):
    """How preferences are learned; an example is a pair."""

    beta: float = 0.1
    """How dearly the policy pays for leaving the reference: the greater, the nearer it stays."""
    rows: int = 32
    rate: float = 2e-5


@dataclass(frozen=True, kw_only=True)
class DpoStep:
    """What one step has shown, before it was made."""

    number: int
    of: int
    loss: float
    margin: float
    """Mean of the implicit reward of the chosen less that of the rejected: beta times nats."""
    accuracy: float
    """Share of the pairs of which the chosen one has gained more than the rejected one."""
    chosen: float
    """Mean log-probability of the chosen less that under the reference, in nats."""
    rejected: float
    """The same of the rejected."""
    norm: float
    """Of the gradient, before it was cut."""


def prefer(
    model: Trainable,
    given: Sequence[TokenPair],
    plan: DpoConfig,
    *,
    told: Callable[[DpoStep], None] = lambda step: None,
    folder: Path | None = None,
) -> None:
    """Trains a model in place; as it is when this begins it is the reference.

    Args:
        told: called after each step.
        folder: of the checkpoint; training goes on from the one that is there. The model given
            must then be the one that the training began with.

    Raises:
        UsageError: the checkpoint is of another training.
    """
    optimiser = adam(model.module, plan)
    parts = ((each.chosen.ids, each.chosen.mask, each.rejected.ids, each.rejected.mask)
             for each in given)  # fmt: skip
    name = named(plan, parts, model.module)
    before = _referred(model, given, plan.batch_tokens)
    for due in course(model.module, len(given), plan, optimiser, name=name, folder=folder):
        chosen = [given[place] for place in due.places]
        sums = _learn(model, chosen, before[list(due.places)], plan, Random(due.number))
        norm = torch.nn.utils.clip_grad_norm_(model.module.parameters(), plan.norm)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        told(DpoStep(number=due.number, of=due.of, norm=float(norm), **sums))


def dpo(now: Tensor, before: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    """Returns the loss and the margin of each pair.

    Args:
        now: log-probabilities of whole replies under the policy; shape (pairs, 2), the chosen
            one first.
        before: the same under the reference.
    """
    gained = beta * (now - before)
    margins = gained[:, 0] - gained[:, 1]
    return -logsigmoid(margins), margins


def _learn(
    model: Trainable,
    chosen: Sequence[TokenPair],
    before: Tensor,
    plan: DpoConfig,
    random: Random,
) -> dict[str, float]:
    """Adds up the gradient of a step's mean loss; returns what it has shown."""
    sums = dict.fromkeys(("loss", "margin", "accuracy", "chosen", "rejected"), 0.0)
    lengths = [2 * max(len(each.chosen.ids), len(each.rejected.ids)) for each in chosen]
    for group in grouped(lengths, plan.batch_tokens, random):
        now = _of_replies(model, [chosen[place] for place in group])
        then = before[group].to(now)
        losses, margins = dpo(now, then, plan.beta)
        torch.autograd.backward(losses.sum() / len(chosen))
        gained = (now.detach() - then).sum(0) / len(chosen)
        sums["loss"] += float(losses.detach().sum()) / len(chosen)
        sums["margin"] += float(margins.detach().sum()) / len(chosen)
        sums["accuracy"] += float((margins > 0).sum()) / len(chosen)
        sums["chosen"] += float(gained[0])
        sums["rejected"] += float(gained[1])
    return sums


def _of_replies(model: Trainable, some: Sequence[TokenPair]) -> Tensor:
    """Returns the log-probabilities of replies, of shape (pairs, 2), with their gradient."""
    both = [example for each in some for example in (each.chosen, each.rejected)]
    tokens = tokens_of(model, both, dict.fromkeys((each.trajectory for each in both), 0))
    sums = tokens.logprobs.new_zeros(len(both)).index_add(0, tokens.rows, tokens.logprobs)
    return sums.view(-1, 2)


def _referred(model: Trainable, given: Sequence[TokenPair], batch_tokens: int) -> Tensor:
    """Returns what the model as it is says of replies: shape (pairs, 2), in double precision."""
    both = [example for each in given for example in (each.chosen, each.rejected)]
    sums = [sum(values) for values in logprobs_of(model, both, batch_tokens)]
    return torch.tensor(sums, dtype=torch.float64).view(-1, 2)
