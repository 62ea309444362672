"""Rewards along the way: discounted by turn, by what a turn revealed, or by stages of form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from ...data.outcome import Outcome
from .terms import outcome_score

Measure = Literal["log", "probability"]


def discounted(reward: float, turns: int, *, gamma: float) -> tuple[float, ...]:
    """Returns the reward of each turn: r_t = gamma^(T - t) R, so that few turns are worth more.

    EAPO (2511.07327); the value of gamma is not confirmed, so there is no default.
    """
    return tuple(reward * gamma ** (turns - 1 - turn) for turn in range(turns))


def information_gain(beliefs: Sequence[float], *, measure: Measure = "log") -> tuple[float, ...]:
    """Returns by how much each turn raised the policy's belief in the right answer.

    IGPO (2510.14967): r_t = b_t - b_(t-1), with b the mean log-probability of the right answer's
    tokens after turn t (`log`, as in the authors' script), or the difference of e^b. What is not
    finite counts as 0.

    Args:
        beliefs: b before the first turn and after each one (`Outcome.beliefs`); natural logs.
    """
    levels = beliefs if measure == "log" else [math.exp(belief) for belief in beliefs]
    gains = (after - before for before, after in pairwise(levels))
    return tuple(gain if math.isfinite(gain) else 0.0 for gain in gains)


def staged(outcome: Outcome) -> float:
    """Returns a third for well-formed calls, a third more for an answer, the rest by its score.

    After PRS (2512.07478): first parseable calls, then the format, then the quality, each counted
    only once the one before is reached. The authors' formula is not confirmed: thirds are ours.
    """
    if outcome.format_errors:
        return 0.0
    if not outcome.answered:
        return 1 / 3
    return (2 + outcome_score(outcome)) / 3
