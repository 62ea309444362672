"""What happens on one day: which call of which tool succeeds, how well, and at what cost.

Chance is drawn once for each tool and care, by the day's seed: a call that failed fails again,
and whoever comes back to a day finds it as it was. A handle says what it is a handle of, how good
that is, and proves both with a checksum, so a world has nothing to remember.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Literal

from ....ledger.errors import ToolError
from .shop import Machine

Care = Literal["normal", "careful"]
CARES: tuple[Care, ...] = ("normal", "careful")

_CAREFUL_PRICE = 1.3
"""What a careful call costs, and takes, in ordinary ones."""
_DISLIKED_SUCCESS = 0.15
"""What is left of the chance of success with a material that a tool dislikes."""
_DISLIKED_QUALITY = 0.8
_WEAR = 0.1
"""How far today's price, time and quality differ from the average, as a share."""


@dataclass(frozen=True, kw_only=True)
class CallOutcome:
    """What a call comes to."""

    ok: bool
    usd: Decimal
    seconds: float
    quality: float


class Day:
    """One day in the shop, on one material."""

    def __init__(self, seed: str, material: str) -> None:
        self.seed = seed
        self.material = material

    def outcome(self, machine: Machine, care: Care) -> CallOutcome:
        """Returns what calls of a tool come to today."""
        random = Random(f"{self.seed}/{machine.name}/{care}")
        disliked = machine.dislikes == self.material
        success = machine.success * (_DISLIKED_SUCCESS if disliked else 1)
        quality = machine.quality * (_DISLIKED_QUALITY if disliked else 1)
        if care == "careful":
            success += (1 - success) / 2
        price = _CAREFUL_PRICE if care == "careful" else 1
        return CallOutcome(
            ok=random.random() < success,
            usd=round(Decimal(machine.usd * price * random.uniform(1 - _WEAR, 1 + _WEAR)), 6),
            seconds=round(machine.seconds * price * random.uniform(1 - _WEAR, 1 + _WEAR), 3),
            quality=min(round(quality * random.uniform(1 - _WEAR / 2, 1 + _WEAR / 2), 4), 1.0),
        )

    def handle(self, name: str, quality: float) -> str:
        """Returns the handle of something of a type and quality."""
        shown = f"{round(quality * 10_000):05d}"
        return f"{name}-{shown}-{self._proof(name, shown)}"

    def quality(self, name: str, handle: str) -> float | None:
        """Returns the quality that a handle stands for, or None: it is none of this type."""
        kind, _, rest = handle.strip().partition("-")
        shown, _, proof = rest.partition("-")
        if kind != name or not shown.isdigit() or proof != self._proof(name, shown):
            return None
        return int(shown) / 10_000

    def make(
        self, machine: Machine, inputs: Sequence[str], care: Care
    ) -> tuple[CallOutcome, dict[str, str]]:
        """Returns what a call comes to, and the handles of what it makes.

        Raises:
            ToolError: the inputs are not handles of what the tool takes, in its order.
        """
        if len(inputs) != len(machine.takes):
            raise ToolError(f"{machine.name} takes handles of {', '.join(machine.takes)}")
        quality = 1.0
        for name, handle in zip(machine.takes, inputs, strict=True):
            found = self.quality(name, handle)
            if found is None:
                raise ToolError(f"{handle!r} is no handle of {name}")
            quality *= found
        outcome = self.outcome(machine, care)
        if not outcome.ok:
            return outcome, {}
        return outcome, {
            name: self.handle(name, quality * outcome.quality) for name in machine.gives
        }

    def _proof(self, name: str, shown: str) -> str:
        text = f"{self.seed}/{name}/{shown}"
        return hashlib.blake2b(text.encode(), digest_size=3).hexdigest()
