"""The frontier of success and cost, by hand and by what it promises."""

from __future__ import annotations

import random
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.benchmarks.statistics import frontier, frontier_cost, frontier_odds

points = st.lists(
    st.tuples(st.integers(0, 9).map(float), st.integers(0, 9).map(float)), min_size=1, max_size=8
)


def test_a_setup_that_costs_more_and_solves_less_is_off() -> None:
    assert frontier([1.0, 2.0, 3.0], [0.5, 0.4, 0.9]) == [True, False, True]


def test_twins_are_both_on() -> None:
    assert frontier([1.0, 1.0], [0.5, 0.5]) == [True, True]


@given(points)
def test_what_is_off_is_beaten_by_something_on(pairs: list[tuple[float, float]]) -> None:
    costs, shares = zip(*pairs, strict=True)
    on = frontier(costs, shares)
    assert any(on)
    best = [pair for pair, is_on in zip(pairs, on, strict=True) if is_on]
    for pair, is_on in zip(pairs, on, strict=True):
        beaten = any(c <= pair[0] and s >= pair[1] and (c, s) != pair for c, s in best)
        assert beaten != is_on


@settings(max_examples=25, deadline=None)
@given(points, st.integers(0, 5))
def test_the_order_of_setups_changes_no_odds(pairs: list[tuple[float, float]], turn: int) -> None:
    rng = random.Random(turn)
    tasks = [f"t{place}" for place in range(6)]
    tables = [
        ({t: cost + rng.random() for t in tasks}, {t: float(rng.random() < 0.5) for t in tasks})
        for cost, _ in pairs
    ]
    mixed = rng.sample(tables, len(tables))
    odds = dict(
        zip(map(str, tables), frontier_odds(*zip(*tables, strict=True), resamples=60), strict=True)
    )
    again = dict(
        zip(map(str, mixed), frontier_odds(*zip(*mixed, strict=True), resamples=60), strict=True)
    )
    assert odds == again


def test_odds_are_certain_only_where_every_task_says_the_same() -> None:
    tasks = [f"t{place}" for place in range(12)]
    cheap, dear = dict.fromkeys(tasks, 1.0), dict.fromkeys(tasks, 2.0)
    all_solved = dict.fromkeys(tasks, 1.0)
    some = {task: float(place < 7) for place, task in enumerate(tasks)}
    assert frontier_odds([cheap, dear], [all_solved, some]) == [1.0, 0.0]
    other = {task: float(place >= 6) for place, task in enumerate(tasks)}
    odds = frontier_odds([cheap, dear], [some, other])
    assert odds[0] == 1.0
    assert 0.2 < odds[1] < 0.5


def test_frontier_cost_takes_the_cheapest_setup_of_each_task() -> None:
    costs = [{"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 3.0, "b": 3.0, "c": 3.0}]
    shares = [{"a": 1.0, "b": 0.25, "c": 0.0}, {"a": 1.0, "b": 1.0, "c": 0.0}]
    found = frontier_cost(costs, shares)
    assert found.by_task == {"a": 1.0, "b": 3.0, "c": inf}
    assert found.cheapest == {"a": (0,), "b": (1,), "c": ()}
    assert found.unsolved == 1
    assert found.mean
    assert found.mean.value == 2.0


def test_an_expert_is_a_ceiling() -> None:
    found = frontier_cost([{"a": 1.0, "b": 9.0}], [{"a": 0.5, "b": 0.0}], expert=5.0)
    assert found.by_task == {"a": 2.0, "b": 5.0}
    assert found.cheapest["b"] == ()
    assert found.unsolved == 0


def test_nothing_solved_has_no_mean() -> None:
    assert frontier_cost([{"a": 1.0}], [{"a": 0.0}]).mean is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(1, 4))
def test_one_more_setup_never_makes_a_task_dearer(seed: int, setups: int) -> None:
    rng = random.Random(seed)
    tasks = [f"t{place}" for place in range(8)]
    costs = [{t: rng.random() for t in tasks} for _ in range(setups + 1)]
    shares = [{t: rng.choice([0.0, 0.5, 1.0]) for t in tasks} for _ in range(setups + 1)]
    few, more = frontier_cost(costs[:-1], shares[:-1]), frontier_cost(costs, shares)
    assert all(more.by_task[task] <= few.by_task[task] for task in tasks)


def test_setups_of_other_tasks_are_refused() -> None:
    for tables in (([{"a": 1.0}], [{"b": 1.0}]), ([{}], [{}])):
        with pytest.raises(ValueError, match="different tasks"):
            frontier_odds(*tables)
