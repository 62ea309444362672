"""Rewards by hand, and what must hold for any run."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.training.data.outcome import Outcome, PaidCall
from outlay.training.objectives.rewards import (
    answered,
    discounted,
    finished,
    format_gate,
    gated_cost,
    history_cost,
    information_gain,
    outcome_score,
    percentile,
    staged,
    total,
    weighted_cost,
)

COSTS = st.floats(0, 100)
WINDOWS = st.lists(COSTS, min_size=1, max_size=50)


def ended(score: float | None = 1.0, usd: float = 0.0, **more: object) -> Outcome:
    known = {"run": "r", "task": "t", "status": "answered", "score": score, **more}
    return Outcome(usd={"output": Decimal(repr(usd))}, **known)  # type: ignore[arg-type]


def test_a_run_without_a_judgement_has_no_reward() -> None:
    with pytest.raises(UsageError, match="run r was not judged"):
        outcome_score(ended(None))


def test_percentile_by_hand() -> None:
    """Roots 1, 2, 3: q05 = 1.1, q95 = 2.9; the root of 4 lies half-way, that of 6.25 at 1.4/1.8."""
    window = [1.0, 4.0, 9.0]
    assert percentile(4, window) == pytest.approx(0.5)
    assert percentile(6.25, window) == pytest.approx(1 - 1.4 / 1.8)
    assert (percentile(1, window), percentile(9, window)) == (1.0, 0.0)
    assert percentile(3, [3.0, 3.0]) == 0.5


@given(COSTS, WINDOWS)
def test_a_percentile_is_a_share(cost: float, window: list[float]) -> None:
    assert 0 <= percentile(cost, window) <= 1


@given(COSTS, COSTS, WINDOWS, st.floats(0, 0.99))
def test_no_wrong_answer_beats_a_right_one(
    cheap: float, dear: float, window: list[float], alpha: float
) -> None:
    reward = gated_cost(window, alpha=alpha)
    assert reward(ended(0.0, cheap)) < reward(ended(1.0, dear))


@given(COSTS, COSTS, st.none() | st.floats(0, 10), st.floats(0, 1))
def test_nor_against_the_history(
    cheap: float, dear: float, before: float | None, weight: float
) -> None:
    reward = history_cost(before, weight=weight)
    assert reward(ended(0.0, cheap)) < reward(ended(1.0, dear))


def test_gated_cost_by_hand() -> None:
    reward = gated_cost([1.0, 4.0, 9.0], alpha=0.2)
    assert reward(ended(1.0, 4.0)) == pytest.approx(0.8 + 0.2 * 0.5)
    assert reward(ended(0.5, 1.0)) == pytest.approx(0.4 + 0.2)
    assert reward(ended(0.0, 1.0)) == 0.0


def test_history_cost_by_hand() -> None:
    reward = history_cost(0.02, weight=0.5)
    assert reward(ended(1.0, 0.01)) == pytest.approx(1 + 0.5 * math.cos(math.pi / 4))
    assert reward(ended(1.0, 0.02)) == pytest.approx(1.0)
    assert reward(ended(1.0, 0.08)) == pytest.approx(1 - 0.5 * 0.7)
    assert reward(ended(0.0, 0.01)) == pytest.approx(0.0)
    assert reward(ended(0.0, 0.04)) == pytest.approx(-0.5)
    assert history_cost(None)(ended(1.0, 5.0)) == 1.0


def test_tired_tools_by_hand() -> None:
    """Two searches at 0.1 and an opening at 0.3, fatigue 0.5: the second search costs 0.15."""
    calls = tuple(
        PaidCall(tool=tool, arguments="{}", usd=Decimal(usd))
        for tool, usd in (("search", "0.1"), ("open", "0.3"), ("search", "0.1"))
    )
    outcome = ended(1.0, 0.5, calls=calls)
    assert weighted_cost(reference=2.0, weight=0.4)(outcome) == pytest.approx(1 - 0.4 * 0.25)
    tired = weighted_cost(reference=2.0, weight=0.4, fatigue=0.5)
    assert tired(outcome) == pytest.approx(1 - 0.4 * 0.55 / 2)


def test_discounts_by_hand() -> None:
    assert discounted(1.0, 3, gamma=0.5) == (0.25, 0.5, 1.0)
    assert discounted(1.0, 0, gamma=0.5) == ()


def test_information_gain_by_hand() -> None:
    assert information_gain((-3.0, -2.0, -2.5)) == pytest.approx((1.0, -0.5))
    halves = (math.log(0.25), math.log(0.5), -math.inf, -1.0)
    gains = information_gain(halves, measure="probability")
    assert gains == pytest.approx((0.25, -0.5, math.exp(-1)))
    assert information_gain(halves)[2] == 0.0


@given(st.lists(st.floats(-50, 0), min_size=1, max_size=20))
def test_gains_add_up_to_what_was_learned(beliefs: list[float]) -> None:
    assert sum(information_gain(beliefs)) == pytest.approx(beliefs[-1] - beliefs[0], abs=1e-9)


def test_stages_by_hand() -> None:
    assert staged(ended(format_errors=1)) == 0.0
    assert staged(ended(status="budget_exhausted")) == pytest.approx(1 / 3)
    assert staged(ended(0.0)) == pytest.approx(2 / 3)
    assert staged(ended(1.0)) == 1.0


def test_form_comes_first() -> None:
    reward = format_gate(outcome_score)
    assert reward(ended(0.5)) == 0.5
    assert reward(ended(1.0, format_errors=2)) == -1.0
    assert reward(ended(1.0, status="failed")) == -1.0
    assert reward(ended(1.0, status="budget_exhausted")) == 1.0


def test_terms_are_weighted() -> None:
    assert total((2.0, outcome_score), (0.5, answered))(ended(0.5)) == 1.5


@pytest.mark.parametrize(
    ("status", "trains"),
    [("answered", True), ("failed", True), ("budget_exhausted", False), ("", False)],
)
def test_what_a_limit_cut_off_does_not_train(status: str, trains: bool) -> None:
    assert finished(ended(status=status)) is trains
