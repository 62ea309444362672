"""Whether help that costs money is worth it, learned from logged outcomes.

Two arms, with and without, by Thompson sampling (Thompson 1933): success rates are drawn from
their posteriors and the arm with the greater expected gain is taken. So help that has not helped
is soon no longer paid for, and help that is new is tried.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean


@dataclass(frozen=True)
class ArmOutcome:
    """How a run ended."""

    helped: bool
    """Whether it had the help."""
    success: bool
    usd: Decimal


def pays(outcomes: Iterable[ArmOutcome], *, worth: Decimal, seed: int) -> bool:
    """Says whether the next run is to have the help.

    Args:
        outcomes: of the runs so far, of the same kind of task.
        worth: USD that a success is worth.
        seed: fixes the draw; take another one for each run.
    """
    logged = list(outcomes)
    draw = random.Random(seed)
    return _gain(logged, True, worth, draw) > _gain(logged, False, worth, draw)


def _gain(outcomes: list[ArmOutcome], helped: bool, worth: Decimal, draw: random.Random) -> float:
    mine = [outcome for outcome in outcomes if outcome.helped == helped]
    good = sum(outcome.success for outcome in mine)
    rate = draw.betavariate(1 + good, 1 + len(mine) - good)
    seen = mine or outcomes
    return rate * float(worth) - (float(mean(outcome.usd for outcome in seen)) if seen else 0.0)
