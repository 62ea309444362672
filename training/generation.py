"""Sampling from a causal language model: sequences side by side, each by its own draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One sequence that is to be continued."""

    prompt: Sequence[int]
    """At least one id."""
    limit: int
    """Tokens at most, 1 or more."""
    temperature: float = 0.0
    """0: always the likeliest token."""
    seed: int | None = None
    """Of the draws; None: others each time."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was sampled."""

    ids: tuple[int, ...]
    """With the id that ended it, unless the limit did."""
    logprobs: tuple[float, ...]
    """Natural log-probability of each id, at temperature 1."""


@torch.no_grad()
def generate(model: Any, asked: Sequence[Asked], *, ends: frozenset[int], pad: int) -> list[Said]:
    """Continues some prompts together, padded on the left.

    Args:
        model: of Hugging Face, in evaluation mode.
        ends: ids that end a sequence.
        pad: an id that fills the room before shorter prompts; it is never looked at.
    """
    device = next(model.parameters()).device
    ids, seen = _padded([each.prompt for each in asked], pad, device)
    places = (seen.cumsum(-1) - 1).clamp(min=0)
    draws = [_Draw(each) for each in asked]
    past: Any = None
    while any(draw.goes_on for draw in draws):
        out = model(
            input_ids=ids, attention_mask=seen, position_ids=places, past_key_values=past,
            use_cache=True, logits_to_keep=1,
        )  # fmt: skip
        past = out.past_key_values
        tables = torch.log_softmax(out.logits[:, -1].float(), -1).cpu()
        chosen = [
            draw.take(table, ends) if draw.goes_on else pad
            for draw, table in zip(draws, tables, strict=True)
        ]
        ids = torch.tensor(chosen, device=device)[:, None]
        seen = torch.cat([seen, seen.new_ones(len(asked), 1)], 1)
        places = places[:, -1:] + 1
    return [Said(ids=tuple(draw.ids), logprobs=tuple(draw.logprobs)) for draw in draws]


class _Draw:
    """One sequence while it grows."""

    def __init__(self, asked: Asked) -> None:
        self.ids: list[int] = []
        self.logprobs: list[float] = []
        self.goes_on = True
        self._asked = asked
        self._random = torch.Generator()
        if asked.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(asked.seed)

    def take(self, table: Tensor, ends: frozenset[int]) -> int:
        """Chooses the next id from the log-probabilities of all ids, and returns it."""
        heat = self._asked.temperature
        if heat:
            chances = torch.softmax(table.double() / heat, -1)
            taken = int(torch.multinomial(chances, 1, generator=self._random))
        else:
            taken = int(table.argmax())
        self.ids.append(taken)
        self.logprobs.append(min(float(table[taken]), 0.0))
        self.goes_on = taken not in ends and len(self.ids) < self._asked.limit
        return taken


def _padded(
    prompts: Sequence[Sequence[int]], pad: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Returns ids of one length, and which of them are looked at (1) or padding (0)."""
    longest = max(map(len, prompts))
    gaps = [longest - len(prompt) for prompt in prompts]
    ids = [[*[pad] * gap, *prompt] for gap, prompt in zip(gaps, prompts, strict=True)]
    seen = [[*[0] * gap, *[1] * (longest - gap)] for gap in gaps]
    return torch.tensor(ids, device=device), torch.tensor(seen, device=device)
