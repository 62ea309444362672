"""Rewards that others are made of: the judgement, the gate on form, sums, the overlong mask."""

from __future__ import annotations

from collections.abc import Callable

from ....ledger.errors import UsageError
from ...data.outcome import Outcome

Reward = Callable[[Outcome], float]
"""From what a run came to, to a number."""


def outcome_score(outcome: Outcome) -> float:
    """Returns the suite's judgement, from 0 to 1.

    Raises:
        UsageError: nobody judged the run.
    """
    if outcome.score is None:
        raise UsageError(
            f"run {outcome.run} was not judged, so it has no reward: leave it out, or run its "
            "task through `outlay bench`"
        )
    return outcome.score


def answered(outcome: Outcome) -> float:
    """Returns 1 for an answer of the policy's own, 0 for a wrap-up reply or none."""
    return float(outcome.answered)


def format_gate(reward: Reward, *, floor: float = -1.0) -> Reward:
    """Returns a reward that is `floor` wherever a tool call was misshapen or no answer came.

    Router-R1 (2506.09033): a badly formed trajectory gets -1, whatever else it did. An answer from
    a wrap-up reply is well formed.
    """

    def gated(outcome: Outcome) -> float:
        formed = outcome.status in ("answered", "budget_exhausted") and not outcome.format_errors
        return reward(outcome) if formed else floor

    return gated


def total(*terms: tuple[float, Reward]) -> Reward:
    """Returns the sum of rewards, each times its weight."""

    def summed(outcome: Outcome) -> float:
        return sum(weight * reward(outcome) for weight, reward in terms)

    return summed


def finished(outcome: Outcome) -> bool:
    """Says whether the trajectory trains at all: one that a limit cut off does not.

    The overlong mask of SUPO (2510.06727): what ended by a limit on turns or summaries, without an
    answer, gets no loss, since it says nothing of what it would have come to. Here the limit is
    the budget; what failed by itself stays in.
    """
    return outcome.status not in ("budget_exhausted", "cancelled", "")
