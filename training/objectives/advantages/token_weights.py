"""From the advantage of a trajectory, or of its turns, to one weight for each token of its rows.

A weight is 0.0 where a token does not train. Rows without tokens (`Tier.TEXT`) get ().
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...data.rows import TrainingRow

Weights = tuple[float, ...]


def broadcast(rows: Sequence[TrainingRow], advantages: Mapping[str, float]) -> list[Weights]:
    """Gives every trained token of every row of a trajectory the trajectory's advantage.

    As DCPO (2510.12635), SUPO (2510.06727) and Flow-GRPO (2510.05592) do over segments.
    """
    return [
        tuple(advantages[row.trajectory] if trains else 0.0 for trains in row.mask) for row in rows
    ]


def geometric(
    rows: Sequence[TrainingRow], advantages: Mapping[str, float], *, gamma: float
) -> list[Weights]:
    """Discounts by turn: gamma^(T - t) A, with T the trajectory's last turn (EAPO, 2511.07327).

    EAPO discounts the reward before it is normalised; over which set its authors normalise is not
    confirmed. Here the normalised advantage is discounted, so that a group's statistics stay those
    of trajectories.
    """
    places = _places(rows)
    discounted = {
        trajectory: [advantages[trajectory] * gamma ** (len(turns) - 1 - n) for n in turns.values()]
        for trajectory, turns in places.items()
    }
    return per_turn(rows, discounted)


def per_turn(
    rows: Sequence[TrainingRow], advantages: Mapping[str, Sequence[float]]
) -> list[Weights]:
    """Gives every trained token the advantage of its turn.

    Args:
        rows: all rows of the trajectories: a turn is counted among them.
        advantages: by trajectory, one for each turn that has tokens, in order.
    """
    places = _places(rows)
    return [
        tuple(
            advantages[row.trajectory][places[row.trajectory][turn]] if trains else 0.0
            for trains, turn in zip(row.mask, row.turns, strict=True)
        )
        for row in rows
    ]


def _places(rows: Sequence[TrainingRow]) -> dict[str, dict[int, int]]:
    """Returns for each trajectory the place of each of its turns, from 0."""
    seen: dict[str, set[int]] = {}
    for row in rows:
        trained = {turn for turn, trains in zip(row.turns, row.mask, strict=True) if trains}
        seen.setdefault(row.trajectory, set()).update(trained)
    return {
        trajectory: {turn: place for place, turn in enumerate(sorted(turns))}
        for trajectory, turns in seen.items()
    }
