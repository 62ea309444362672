"""pass@k and pass^k against counting all choices of k runs."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.statistics import pass_all_k, pass_at_k

runs = st.lists(st.booleans(), min_size=1, max_size=8)


@given(runs, st.data())
def test_they_are_means_over_all_choices_of_k_runs(
    results: list[bool], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(results)))
    choices = list(combinations(results, k))
    counts = len(results), sum(results), k
    assert pass_at_k(*counts) == pytest.approx(sum(map(any, choices)) / len(choices))
    assert pass_all_k(*counts) == pytest.approx(sum(map(all, choices)) / len(choices))


@given(runs)
def test_one_try_is_the_share(results: list[bool]) -> None:
    share = sum(results) / len(results)
    assert pass_at_k(len(results), sum(results), 1) == pytest.approx(share)
    assert pass_all_k(len(results), sum(results), 1) == pytest.approx(share)


def test_published_numbers() -> None:
    assert pass_at_k(5, 2, 3) == pytest.approx(0.9)
    assert pass_all_k(5, 3, 2) == pytest.approx(0.3)


@pytest.mark.parametrize("counts", [(3, 4, 1), (3, -1, 1), (3, 1, 4), (3, 1, 0)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    for estimate in (pass_at_k, pass_all_k):
        with pytest.raises(ValueError, match="runs passed"):
            estimate(*counts)
