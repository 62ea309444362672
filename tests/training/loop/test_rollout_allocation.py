"""Rollouts for money: by hand, against all choices, and never above the money."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.training.loop.rollout_allocation import AllocationTask, allocate, value

TASKS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 40)), min_size=1, max_size=4
)


def candidates(given: list[tuple[int, int, int]]) -> list[AllocationTask]:
    return [
        AllocationTask(task=str(n), solved=solved, tried=solved + failed, cost=Decimal(cost))
        for n, (solved, failed, cost) in enumerate(given)
    ]


def test_value_by_hand() -> None:
    assert value(2, 0.5) == pytest.approx(0.5 * 0.125)
    assert value(0, 0.5) == 0.0
    assert value(1, 0.3) == pytest.approx(0.0)
    assert value(8, 1 / 3) > max(value(8, 0.25), value(8, 0.45))


def test_a_task_that_was_never_solved_is_not_given_up() -> None:
    assert AllocationTask(task="t", solved=0, tried=4, cost=Decimal(1)).rate == pytest.approx(0.1)


def test_money_goes_where_groups_differ() -> None:
    known = candidates([(8, 0, 1), (3, 5, 1), (3, 5, 10)])
    found = allocate(known, Decimal(12), least=2, most=8)
    assert found == {"0": 4, "1": 8, "2": 0}


@settings(max_examples=25)
@given(TASKS, st.integers(1, 200))
def test_no_other_choice_is_better(given: list[tuple[int, int, int]], usd: int) -> None:
    """Against all choices that leave a little for rounding."""
    known = candidates(given)
    money = Decimal(usd)
    found = allocate(known, money, least=2, most=4)
    spent = sum((known[int(t)].cost * n for t, n in found.items()), Decimal(0))
    assert spent <= money
    coarse = money / 1_000 * len(known)
    options = [(0, 2, 3, 4)] * len(known)
    best = max(
        sum(value(n, c.rate) for n, c in zip(choice, known, strict=True))
        for choice in itertools.product(*options)
        if sum((c.cost * n for n, c in zip(choice, known, strict=True)), Decimal(0))
        <= money - coarse
    )
    reached = sum(value(found[c.task], c.rate) for c in known)
    assert reached >= best - 1e-12


def test_no_money_no_rollouts() -> None:
    assert allocate(candidates([(1, 1, 1)]), Decimal(0)) == {"0": 0}


def test_a_free_task_is_refused() -> None:
    with pytest.raises(UsageError, match="task '0' has the mean cost 0"):
        allocate(candidates([(1, 1, 0)]), Decimal(1))
    with pytest.raises(UsageError, match="a group of 5 to 2 rollouts"):
        allocate(candidates([(1, 1, 1)]), Decimal(1), least=5, most=2)
