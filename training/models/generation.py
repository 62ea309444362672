"""Sampling from a causal language model: sequences side by side, each by its own draws."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...ledger.errors import UsageError

_CACHES = ("cache", "past_key_values")
"""Names of the cache: since transformers 5.24, and before."""


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
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
class GenerationResult:
    """What was sampled."""

    ids: tuple[int, ...]
    """With the id that ended it, unless the limit did."""
    logprobs: tuple[float, ...]
    """Natural log-probability of each id, at temperature 1."""


def cache_name(model: Any) -> str:
    """Returns the name under which a model takes and returns its cache of keys and values.

    Args:
        model: of Hugging Face, or one with adapters of peft, which takes whatever its base takes.

    Raises:
        UsageError: the model takes no such cache.
    """
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    taken = inspect.signature(base.forward).parameters
    for name in _CACHES:
        if name in taken:
            return name
    raise UsageError(
        f"{type(base).__name__} cannot be sampled from: it takes no cache of keys and values; "
        "choose a model that does, such as a Llama"
    )


@torch.no_grad()
def generate(
    model: Any, asked: Sequence[GenerationRequest], *, cache: str, ends: frozenset[int], pad: int
) -> list[GenerationResult]:
    """Continues some prompts together, padded on the left.

    Args:
        model: of Hugging Face, in evaluation mode.
        cache: its `cache_name`.
        ends: ids that end a sequence.
        pad: an id that fills the room before shorter prompts; it is never looked at.
    """
    device = next(model.parameters()).device
    ids, seen = _padded([each.prompt for each in asked], pad, device)
    places = (seen.cumsum(-1) - 1).clamp(min=0)
    draws = [_GrowingSequence(each) for each in asked]
    past: Any = None
    while any(draw.goes_on for draw in draws):
        out = model(
            input_ids=ids, attention_mask=seen, position_ids=places, use_cache=True,
            logits_to_keep=1, **{cache: past},
        )  # fmt: skip
        past = out[cache]
        tables = torch.log_softmax(out.logits[:, -1].float(), -1).cpu()
        chosen = [
            draw.take(table, ends) if draw.goes_on else pad
            for draw, table in zip(draws, tables, strict=True)
        ]
        ids = torch.tensor(chosen, device=device)[:, None]
        seen = torch.cat([seen, seen.new_ones(len(asked), 1)], 1)
        places = places[:, -1:] + 1
    return [GenerationResult(ids=tuple(draw.ids), logprobs=tuple(draw.logprobs)) for draw in draws]


class _GrowingSequence:
    """One sequence while it grows."""

    def __init__(self, asked: GenerationRequest) -> None:
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
