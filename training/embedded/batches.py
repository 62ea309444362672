"""Episodes as tensors: batches of like lengths, and a weight for each token to be learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor
from torch.nn import functional

from ...policies.embedded.tiny.vocabulary import IDS, PAD
from .episodes import Episode

_COLON = IDS[":"]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some episodes, padded to the longest one."""

    ids: Tensor
    """Shape (rows, tokens)."""
    own: Tensor
    """Whether the token after each place is the policy's own; same shape."""

    @property
    def targets(self) -> Tensor:
        """The token after each place, padding after the last one."""
        return functional.pad(self.ids, (0, 1), value=IDS[PAD])[:, 1:]

    @property
    def values(self) -> Tensor:
        """Whether the token after each place begins the policy's value of a look-up."""
        return self.own & (self.ids == _COLON)

    def lesson_weights(self, value: float, observed: float) -> Tensor:
        """Returns how much each place counts in imitation: 1 for the policy's own tokens.

        Args:
            value: what the beginning of a look-up's value counts.
            observed: what a token counts that the policy was shown.
        """
        is_real = self.targets != IDS[PAD]
        weights = torch.where(self.own, 1.0, torch.where(is_real, observed, 0.0))
        return torch.where(self.values, value, weights)


def batch(episodes: Sequence[Episode]) -> Batch:
    """Returns episodes as one batch."""
    longest = max(len(episode.ids) for episode in episodes)
    pad = IDS[PAD]
    ids = [[*e.ids, *[pad] * (longest - len(e.ids))] for e in episodes]
    own = [[*e.mask[1:], *[False] * (longest - len(e.mask) + 1)] for e in episodes]
    return Batch(ids=torch.tensor(ids), own=torch.tensor(own))


def grouped(lengths: Sequence[int], tokens: int, random: Random) -> Iterator[list[int]]:
    """Yields the places of episodes in groups of at most so many tokens, padding included.

    Episodes of like length come together, the groups in random order; one episode alone may be
    longer.
    """
    order = sorted(range(len(lengths)), key=lambda place: lengths[place])
    groups: list[list[int]] = []
    for place in order:
        if groups and lengths[place] * (len(groups[-1]) + 1) <= tokens:
            groups[-1].append(place)
        else:
            groups.append([place])
    random.shuffle(groups)
    yield from groups
