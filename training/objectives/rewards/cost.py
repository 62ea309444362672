"""Rewards that count what a run cost, so that no wrong answer is worth being cheap for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ...data.outcome import Outcome
from .terms import Reward, outcome_score

_FLOOR = -0.7
"""HAPO's lower bound of the length term of a right answer."""
_LEVEL = 0.5
"""Router-R1's credit where all costs are alike."""


def percentile(cost: float, costs: Sequence[float]) -> float:
    """Returns how cheap a cost is among others: 1 at their 5th percentile or below, 0 at the 95th.

    Router-R1 (2506.09033): c = 1 - clip((sqrt(cost) - q05) / (q95 - q05), 0, 1) over the roots of
    a window of costs (its code: the last 1,000), percentiles interpolated; 0.5 if they are equal.

    Args:
        cost: USD.
        costs: USD, at least one; the window.
    """
    roots = sorted(map(math.sqrt, costs))
    low, high = _quantile(roots, 0.05), _quantile(roots, 0.95)
    if high <= low:
        return _LEVEL
    return 1.0 - min(max((math.sqrt(cost) - low) / (high - low), 0.0), 1.0)


def gated_cost(costs: Sequence[float], *, alpha: float) -> Reward:
    """Returns (1 - alpha) s + alpha c for a score s above 0, and 0 for a wrong answer.

    Router-R1 (2506.09033): the credit c for a low cost (`percentile`) is only given with the score.
    Below alpha = 1 no wrong answer beats a right one. The format term is `format_gate`.

    Args:
        costs: USD of earlier runs, or of the batch.
        alpha: from 0 to 1; the authors' scripts have 0, which turns the credit off.
    """

    def reward(outcome: Outcome) -> float:
        score = outcome_score(outcome)
        if score <= 0:
            return 0.0
        return (1 - alpha) * score + alpha * percentile(outcome.cost, costs)

    return reward


def history_cost(cheapest: float | None, *, weight: float = 1.0) -> Reward:
    """Returns s + w f: the score, and how a cost compares with the task's cheapest success so far.

    HAPO (2505.11225), with unified cost for length: f = cos(pi/2 min(cost / h, 2)), at least -0.7
    for a right answer and at most 0 for any other; 0 without a history. At w <= 1 every right
    answer beats every wrong one.

    Args:
        cheapest: h, in USD: the least cost of earlier right answers to this task; None: there is
            none.
        weight: w, from 0 to 1.
    """

    def reward(outcome: Outcome) -> float:
        score = outcome_score(outcome)
        if cheapest is None:
            return score
        ratio = outcome.cost / cheapest if cheapest > 0 else (2.0 if outcome.cost > 0 else 1.0)
        term = math.cos(math.pi / 2 * min(ratio, 2.0))
        kept = max(term, _FLOOR) if outcome.success else min(term, 0.0)
        return score + weight * kept

    return reward


def weighted_cost(*, reference: float, weight: float, fatigue: float = 0.0) -> Reward:
    """Returns s - w C / reference, with C the bill in which repeated tool calls weigh more.

    HC-GRPO (ESearch-R1, 2512.18571): asking costs c (1 + a N) after N earlier askings. Here every
    tool tires so, by its own number of calls. The authors' whole trajectory reward is not
    confirmed: this form is ours, and it is not gated, so keep w C / reference below 1.

    Args:
        reference: USD of a whole budget.
        weight: what a whole budget is worth, in right answers.
        fatigue: a; 0 leaves the plain bill.
    """

    def reward(outcome: Outcome) -> float:
        made: Counter[str] = Counter()
        extra = 0.0
        for call in outcome.calls:
            extra += float(call.usd) * fatigue * made[call.tool]
            made[call.tool] += 1
        return outcome_score(outcome) - weight * (outcome.cost + extra) / reference

    return reward


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Returns a quantile, interpolated between neighbours as numpy does."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
