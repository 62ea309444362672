"""The single-stream tracker: the formulas by hand, and what DuckDB keeps."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.training.objectives.task_values import BeliefStore, SuccessBelief


def test_first_belief_by_hand() -> None:
    """Six of eight: 8 (6 + 1/2) / 9 successes of 8."""
    belief = SuccessBelief.first([1, 1, 1, 1, 1, 1, 0, 0])
    assert belief.successes == pytest.approx(8 * 6.5 / 9)
    assert belief.value == pytest.approx(6.5 / 9)
    assert SuccessBelief.first([]) == SuccessBelief()


@pytest.mark.parametrize(
    ("distance", "kept"), [(0.0, 0.96), (0.006, 2**-0.1), (0.06, 0.875), (9.0, 0.875)]
)
def test_update_by_hand(distance: float, kept: float) -> None:
    belief = SuccessBelief(successes=3.0, failures=1.0).updated(1.0, distance=distance)
    assert belief.successes == pytest.approx(3 * kept + 1)
    assert belief.failures == pytest.approx(kept)


def test_even_tasks_weigh_most() -> None:
    assert SuccessBelief().weight == pytest.approx(0.55)
    assert SuccessBelief(successes=9, failures=1).weight == pytest.approx(math.sqrt(0.09) + 0.05)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 2)), max_size=30))
def test_a_belief_stays_a_share(samples: list[tuple[float, float]]) -> None:
    belief = SuccessBelief()
    for reward, distance in samples:
        belief = belief.updated(reward, distance=distance)
    assert 0 <= belief.value <= 1
    assert belief.successes + belief.failures <= 1 / (1 - 0.96) + 1


def test_a_cost_is_no_success() -> None:
    with pytest.raises(UsageError, match=r"successes from 0 to 1, not -0\.2"):
        SuccessBelief().updated(-0.2, distance=0.0)


def test_beliefs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "tracker.duckdb"
    assert BeliefStore(path).values(["a"]) == {"a": 0.5}
    assert not path.exists()
    BeliefStore(path).put({"a": SuccessBelief(successes=3, failures=1), "b": SuccessBelief()})
    BeliefStore(path).put({"a": SuccessBelief(successes=1, failures=3)})
    assert BeliefStore(path).values(["a", "b", "c"]) == {"a": 0.25, "b": 0.5, "c": 0.5}


def test_another_file_is_no_tracker(tmp_path: Path) -> None:
    path = tmp_path / "tracker.duckdb"
    path.write_text("no database")
    with pytest.raises(UsageError, match="is no tracker"):
        BeliefStore(path).values(["a"])
