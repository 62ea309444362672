"""What a model says of examples, as plain numbers that stay when it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import torch

from .examples import Trainable, TrainingExample, grouped, tokens_of


def logprobs_of(
    model: Trainable, given: Sequence[TrainingExample], batch_tokens: int
) -> list[tuple[float, ...]]:
    """Returns for each example the log-probability of each token under the model as it is.

    Only tokens that train have one; at the others stands 0.0.

    Args:
        batch_tokens: held in memory at once, padding included.
    """
    found: list[tuple[float, ...]] = [()] * len(given)
    for group in grouped([len(each.ids) for each in given], batch_tokens, Random(0)):
        some = [given[place] for place in group]
        with torch.no_grad():
            tokens = tokens_of(model, some, dict.fromkeys((each.trajectory for each in some), 0))
        values = iter(tokens.logprobs.tolist())
        for place, each in zip(group, some, strict=True):
            found[place] = tuple(next(values) if on else 0.0 for on in each.mask)
    return found


def referred(
    reference: Trainable, given: Sequence[TrainingExample], batch_tokens: int
) -> list[TrainingExample]:
    """Returns examples with what a reference model says of them, so that leaving it can cost."""
    told = logprobs_of(reference, given, batch_tokens)
    return [replace(each, referred=values) for each, values in zip(given, told, strict=True)]
