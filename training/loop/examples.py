"""Rows with a weight for each token, and the same as tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor, nn

from ...ledger.errors import UsageError
from ..data.row_checks import check_logprobs, check_rows, check_tokens, name_of
from ..data.rows import TrainingRow
from ..objectives.loss import TokenBatch


@dataclass(frozen=True, kw_only=True)
class Trainable:
    """A causal language model to be trained."""

    module: nn.Module
    logits: Callable[[Tensor], Tensor]
    """From ids of shape (rows, tokens) to the logits of the token after each one."""
    tokenizer: str
    """Name of the tokenizer that its ids belong to."""
    pad: int = 0

    @property
    def device(self) -> torch.device:
        """Where its parameters are, and all tensors with them."""
        return next(self.module.parameters()).device


@dataclass(frozen=True, kw_only=True)
class TrainingExample:
    """One row, ready to be learned from."""

    ids: tuple[int, ...]
    mask: tuple[bool, ...]
    """True where a token trains; never the first one, which nothing precedes."""
    weights: tuple[float, ...]
    """The advantage of each token; what stands where the mask is False is not looked at."""
    sampled: tuple[float, ...] = ()
    """Log-probability of each token under the policy that sampled it; () where it is not known."""
    referred: tuple[float, ...] = ()
    """The same under the reference model; () where there is none."""
    trajectory: str


def examples(
    rows: Sequence[TrainingRow],
    weights: Sequence[Sequence[float]],
    tokenizer: str,
    *,
    off_policy: bool = False,
) -> list[TrainingExample]:
    """Returns the rows that have something to learn.

    Args:
        weights: for each row the weights of its tokens (`advantages.broadcast` and its like).
        tokenizer: that of the model to be trained.
        off_policy: the policy that sampled must be known by its log-probabilities.

    Raises:
        UsageError: a row has no tokens, those of another tokenizer, no log-probabilities although
            they are needed, or a weight that is no finite number. The text names row and run.
    """
    check_rows(rows)
    check_tokens(rows, tokenizer)
    if off_policy:
        check_logprobs(rows)
    found = []
    for row, gains in zip(rows, weights, strict=True):
        if any(gain != gain or abs(gain) == float("inf") for gain in gains):
            raise UsageError(f"{name_of(row)} has an advantage that is no number: see its reward")
        mask = (False, *row.mask[1:])
        if any(mask):
            found.append(
                TrainingExample(
                    ids=row.ids, mask=mask, weights=tuple(gains), sampled=row.logprobs,
                    trajectory=row.trajectory,
                )
            )  # fmt: skip
    return found


def grouped(lengths: Sequence[int], tokens: int, random: Random) -> Iterator[list[int]]:
    """Yields the places of sequences in groups of at most so many tokens, padding included.

    Those of like length come together, the groups in random order; a long one may be alone.
    """
    groups: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
        if groups and lengths[place] * (len(groups[-1]) + 1) <= tokens:
            groups[-1].append(place)
        else:
            groups.append([place])
    random.shuffle(groups)
    yield from groups


def tokens_of(
    model: Trainable, some: Sequence[TrainingExample], numbers: dict[str, int]
) -> TokenBatch:
    """Returns the trained tokens of some examples under the model as it is, with the gradient.

    Args:
        numbers: the place of each trajectory by its name.
    """
    device = model.device
    longest = max(len(each.ids) for each in some)
    filled = [[*each.ids, *[model.pad] * (longest - len(each.ids))] for each in some]
    ids = torch.tensor(filled, device=device)
    places = [(row, at) for row, each in enumerate(some) for at, on in enumerate(each.mask) if on]
    rows = torch.tensor([row for row, _ in places], device=device)
    spots = torch.tensor([at for _, at in places], device=device)
    table = torch.log_softmax(model.logits(ids)[rows, spots - 1], -1)
    targets = ids[rows, spots]
    logprobs = table.gather(1, targets[:, None])[:, 0]

    def told(columns: Sequence[Sequence[float]]) -> Tensor | None:
        if not all(columns):
            return None
        values = [columns[row][at] for row, at in places]
        return torch.tensor(values, dtype=logprobs.dtype, device=device)

    sampled = told([each.sampled for each in some])
    owners = [numbers[some[row].trajectory] for row, _ in places]
    return TokenBatch(
        logprobs=logprobs,
        sampled=logprobs.detach() if sampled is None else sampled,
        referred=told([each.referred for each in some]),
        advantages=torch.tensor(
            [some[row].weights[at] for row, at in places], dtype=logprobs.dtype, device=device
        ),
        rows=rows,
        trajectories=torch.tensor(owners, device=device),
        entropies=-(table.exp() * table).sum(-1),
        hits=table.detach().argmax(-1) == targets,
    )
