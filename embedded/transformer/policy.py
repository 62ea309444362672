"""The transformer as a policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...policies.in_process import InProcessPolicy
from .player import TinyPlayer
from .vocabulary import TOKENIZER
from .weights import load, shipped

NAME = "embedded/tiny"


def tiny_policy(
    weights: Path | None = None, *, name: str = NAME, **options: Any
) -> InProcessPolicy:
    """Returns the transformer as a policy in this process.

    Args:
        weights: its file of weights; None means the one that comes with the package.
        options: of `InProcessPolicy`. Token ids and log-probabilities are recorded, so that its
            runs can be trained on; `tokenizer=None` leaves them out.

    Raises:
        UsageError: there is no such file, or it was written for another vocabulary.
    """
    model = shipped() if weights is None else load(weights)
    return InProcessPolicy(
        TinyPlayer(model, name), name=name, **{"tokenizer": TOKENIZER, **options}
    )
