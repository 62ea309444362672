"""Sampled tokens in the journal: a prompt's ids as what they add to an earlier call's.

Prompts only grow, so the ids of a whole run take the room of its last prompt, not of their sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..events import Event
from ..records import Sampled


class TokenDeltas:
    """What the journal says of the tokens of one policy's calls in one run."""

    def __init__(self) -> None:
        self._hold = ""
        self._ids: tuple[int, ...] = ()

    def written(self, hold: str, sampled: Sampled | None) -> dict[str, Any]:
        """Returns what stands in the journal beside the reply that settles a hold."""
        if sampled is None:
            return {}
        data: dict[str, Any] = {
            "base": None, "keep": 0, "prompt": None, "ids": list(sampled.ids),
            "logprobs": list(sampled.logprobs), "tokenizer": sampled.tokenizer,
        }  # fmt: skip
        if sampled.prompt is not None:
            keep = _shared(self._ids, sampled.prompt)
            data["base"] = self._hold if keep else None
            data["keep"], data["prompt"] = keep, list(sampled.prompt[keep:])
            self._hold, self._ids = hold, (*sampled.prompt, *sampled.ids)
        return {"sampled": data}


def restored(settles: Iterable[Event]) -> dict[str, Sampled]:
    """Returns the tokens of each answered call by hold, given a run's settlements in order."""
    whole: dict[str, tuple[int, ...]] = {}
    found: dict[str, Sampled] = {}
    for event in settles:
        data = event.body["reply"].get("sampled")
        if data is None:
            continue
        hold, ids, prompt = event.body["hold"], tuple(data["ids"]), None
        if data["prompt"] is not None:
            kept = whole[data["base"]][: data["keep"]] if data["base"] else ()
            prompt = (*kept, *data["prompt"])
            whole[hold] = (*prompt, *ids)
        found[hold] = Sampled(
            prompt=prompt, ids=ids, logprobs=tuple(data["logprobs"]), tokenizer=data["tokenizer"]
        )
    return found


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Returns how many leading tokens are the same."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
