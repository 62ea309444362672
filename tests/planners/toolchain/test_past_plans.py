"""Remembered plans: the incremental rows are the longest common subsequence."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from outlay.planners.toolchain import Plans

NAMES = st.lists(st.sampled_from("abcd"), max_size=7)


def common(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """The length of the longest common subsequence, by its definition."""

    @cache
    def from_(i: int, j: int) -> int:
        if i == len(first) or j == len(second):
            return 0
        if first[i] == second[j]:
            return 1 + from_(i + 1, j + 1)
        return max(from_(i + 1, j), from_(i, j + 1))

    return from_(0, 0)


@given(st.lists(NAMES, max_size=4), NAMES)
def test_rows_grow_into_the_longest_common_subsequence(
    remembered: list[list[str]], plan: list[str]
) -> None:
    plans = Plans(remembered)
    rows = plans.start
    for name in plan:
        rows = plans.extend(rows, name)
    assert [row[-1] for row in rows] == [common(tuple(plan), kept) for kept in plans.plans]
    likeness = plans.similarity(rows, len(plan))
    if plans.plans and plan:
        shares = (common(tuple(plan), m) / min(len(plan), len(m)) for m in plans.plans)
        assert likeness == max(shares)
    else:
        assert likeness is None


@given(st.lists(NAMES, min_size=1, max_size=4), st.text(max_size=5))
def test_a_position_is_above_0_and_at_most_1(remembered: list[list[str]], name: str) -> None:
    position = Plans(remembered).position(name)
    assert position is None if not any(remembered) else position is not None and 0 < position <= 1


def test_a_position_is_an_average_over_the_plans_that_have_the_step() -> None:
    plans = Plans([["open", "read", "send", "close"], ["read", "send"], ["close"]])
    assert plans.position("read") == (2 / 4 + 1 / 2) / 2
    assert plans.position("close") == 1


def test_an_unseen_step_is_taken_for_the_one_with_the_nearest_name() -> None:
    plans = Plans([["search_flight", "book_hotel"]])
    assert plans.position("search_flights_by_price") == plans.position("search_flight") == 0.5
    assert Plans().position("search") is None
