"""f = g + h: what its parts may be, and where the paper's form is mended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.planners.toolchain import ScoreWeights

SHARES = st.floats(0, 1)
KNOWN = st.none() | SHARES


@given(SHARES, KNOWN, SHARES)
def test_a_step_costs_from_0_to_1_and_less_the_more_samples_agree(
    alpha: float, likeness: float | None, share: float
) -> None:
    weights = ScoreWeights(alpha=alpha)
    assert 0 <= weights.cost(likeness, share) <= 1
    assert weights.cost(likeness, 1) <= weights.cost(likeness, share) <= weights.cost(likeness, 0)


@given(SHARES, KNOWN, st.integers(1, 20), st.integers(0, 20))
def test_what_is_ahead_is_scaled_by_the_steps_that_are_left(
    beta: float, position: float | None, depth: int, left: int
) -> None:
    printed = ScoreWeights(beta=beta, scaled=False).ahead(position, depth, left)
    assert 0 <= printed <= 1
    assert ScoreWeights(beta=beta, scaled=True).ahead(position, depth, left) == printed * left


def test_the_weight_moves_from_one_score_to_the_other() -> None:
    assert ScoreWeights(alpha=1).cost(0.25, 1.0) == 0.75
    assert ScoreWeights(alpha=0).cost(0.25, 0.5) == 0.5
    assert ScoreWeights(alpha=0.5).cost(0.75, 0.75) == pytest.approx(0.25)


def test_what_is_not_known_does_not_count() -> None:
    assert ScoreWeights(alpha=0.9).cost(None, 0.4) == pytest.approx(0.6)
    assert ScoreWeights(scaled=False).ahead(None, 1, 3) == 0.75
    assert ScoreWeights(scaled=False).ahead(0.2, 1, None) == 0.8
    assert ScoreWeights().ahead(None, 1, None) == 1


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_weights_are_from_0_to_1(name: str) -> None:
    with pytest.raises(UsageError, match=f"toolchain option {name} must be from 0 to 1, not 1.5"):
        ScoreWeights(**{name: 1.5})
