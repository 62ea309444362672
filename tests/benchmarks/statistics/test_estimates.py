"""Estimates against published values, scipy 1.17.1 and the properties that they promise."""

from __future__ import annotations

import random
from math import inf, isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.benchmarks.statistics import (
    Estimate,
    Interval,
    bootstrap,
    cost_of_pass,
    difference,
    mean,
    success_rate,
    task_means,
    wilson,
)

Pairs = list[tuple[str, float]]

few = settings(max_examples=40, deadline=None)
tasks = st.integers(0, 30).map(lambda number: f"t{number:02}")
passes: st.SearchStrategy[Pairs] = st.lists(
    st.tuples(tasks, st.sampled_from([0.0, 1.0])), min_size=1, max_size=60
)
costs = st.dictionaries(tasks, st.floats(0, 10), min_size=1, max_size=20)
SKEWED = {f"t{place:02}": x for place, x in enumerate([1, 2, 4, 8, 16, 3, 5, 7, 9, 11, 2, 6.0])}


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # Newcombe 1998, table I, method 3, and three more digits from scipy
        (81, 263, 0.255289, 0.366210),
        (15, 148, 0.062386, 0.160487),
        (0, 20, 0.0, 0.161125),
        (1, 29, 0.006113, 0.171755),
        (10, 10, 0.722467, 1.0),
    ],
)
def test_wilson_gives_the_published_values(
    successes: int, trials: int, low: float, high: float
) -> None:
    interval = wilson(successes, trials)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-6)


def test_wilson_follows_the_level() -> None:
    interval = wilson(15, 148, level=0.99)
    assert (interval.low, interval.high) == pytest.approx((0.053645, 0.183267), abs=1e-6)


def test_wilson_without_trials_knows_nothing() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3)])
def test_wilson_refuses_impossible_counts(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes in"):
        wilson(successes, trials)


@given(st.integers(0, 500), st.integers(1, 500), st.floats(0.5, 0.999))
def test_wilson_holds_the_share_within_zero_and_one(k: int, n: int, level: float) -> None:
    k = min(k, n)
    interval = wilson(k, n, level)
    assert 0 <= interval.low <= k / n <= interval.high <= 1


@given(passes)
def test_success_rate_holds_its_share_within_zero_and_one(pairs: Pairs) -> None:
    estimate = success_rate(pairs)
    assert estimate.interval
    assert 0 <= estimate.interval.low <= estimate.value <= estimate.interval.high <= 1


@given(passes, st.randoms(use_true_random=False))
def test_order_changes_nothing(pairs: Pairs, rng: random.Random) -> None:
    shuffled = rng.sample(pairs, len(pairs))
    assert success_rate(shuffled) == success_rate(pairs)
    assert task_means(shuffled) == task_means(pairs)


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=60))
def test_one_run_a_task_is_the_plain_wilson_interval(results: list[float]) -> None:
    estimate = success_rate([(f"t{place}", x) for place, x in enumerate(results)])
    plain = wilson(sum(results), len(results))
    assert estimate.interval
    assert isclose(estimate.interval.low, plain.low, abs_tol=1e-9)
    assert isclose(estimate.interval.high, plain.high, abs_tol=1e-9)


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=30), st.integers(2, 5))
def test_the_same_result_again_narrows_nothing(results: list[float], repeats: int) -> None:
    once = [(f"t{place}", x) for place, x in enumerate(results)]
    narrow, wide = success_rate(once * repeats).interval, success_rate(once).interval
    assert narrow
    assert wide
    assert narrow.low == pytest.approx(wide.low, abs=1e-9)
    assert narrow.high == pytest.approx(wide.high, abs=1e-9)


@given(passes)
def test_repeats_are_worth_no_more_than_new_tasks(pairs: Pairs) -> None:
    estimate = success_rate(pairs)
    best, worst = (wilson(estimate.value * n, n) for n in (len(pairs), estimate.tasks))
    assert estimate.interval
    width = estimate.interval.high - estimate.interval.low
    assert best.high - best.low - 1e-9 <= width <= worst.high - worst.low + 1e-9


def test_independent_repeats_narrow_the_interval() -> None:
    rng = random.Random(0)
    pairs = [(f"t{place}", float(rng.random() < 0.5)) for place in range(100) for _ in range(3)]
    repeated, single = success_rate(pairs).interval, success_rate(pairs[::3]).interval
    assert repeated
    assert single
    assert repeated.high - repeated.low < 0.75 * (single.high - single.low)


def test_many_repeats_of_one_task_are_one_trial() -> None:
    assert success_rate([("t", 1.0)] * 50).interval == wilson(1, 1)


def test_each_task_counts_the_same_however_often_it_was_run() -> None:
    assert success_rate([("a", 1.0)] * 9 + [("b", 0.0)]).value == 0.5


@few
@given(costs)
def test_mean_holds_its_value_between_the_extremes(values: dict[str, float]) -> None:
    estimate = mean(values, resamples=200)
    if estimate.interval is None:
        assert len(values) == 1
        return
    assert min(values.values()) - 1e-9 <= estimate.interval.low <= estimate.value
    assert estimate.value <= estimate.interval.high <= max(values.values()) + 1e-9


@few
@given(costs, st.randoms(use_true_random=False))
def test_mean_does_not_depend_on_the_order(values: dict[str, float], rng: random.Random) -> None:
    shuffled = dict(rng.sample(sorted(values.items()), len(values)))
    assert mean(shuffled, resamples=200) == mean(values, resamples=200)


def test_mean_agrees_with_scipy() -> None:
    # scipy.stats.bootstrap, percentile, 200,000 resamples, at the level that the widened tails ask
    # for: 0.978487 for 12 tasks
    interval = mean(SKEWED, resamples=20_000).interval
    assert interval
    assert (interval.low, interval.high) == pytest.approx((3.6667, 9.1667), abs=0.1)


def test_a_single_task_has_no_interval() -> None:
    assert mean({"t": 3.0}) == Estimate(3.0, None, 1)


def test_no_tasks_is_refused() -> None:
    with pytest.raises(ValueError, match="no tasks"):
        mean({})


def test_another_seed_gives_nearly_the_same_interval() -> None:
    first, second = (
        bootstrap([SKEWED], lambda sums: sums[0] / len(SKEWED), seed=seed).interval
        for seed in (1, 2)
    )
    assert first
    assert second
    assert (first.low, first.high) == pytest.approx((second.low, second.high), rel=0.1)


def test_cost_of_pass_is_mean_cost_by_share() -> None:
    results = [(task, float(task > "t05")) for task in SKEWED]
    assert cost_of_pass(SKEWED, results, resamples=100).value == pytest.approx(
        sum(SKEWED.values()) / 6
    )


def test_cost_of_pass_agrees_with_scipy() -> None:
    shares = [1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1.0]
    results = list(zip(SKEWED, shares, strict=True))
    interval = cost_of_pass(SKEWED, results, resamples=20_000).interval
    assert interval
    assert (interval.low, interval.high) == pytest.approx((5.0, 20.4), rel=0.05)


def test_cost_of_pass_is_infinite_if_nothing_passed() -> None:
    estimate = cost_of_pass(SKEWED, [(task, 0.0) for task in SKEWED])
    bound = wilson(0, len(SKEWED)).high
    cost = mean(SKEWED).interval
    assert estimate.value == inf
    assert cost
    assert estimate.interval == Interval(cost.low / bound, inf)


def test_cost_of_pass_admits_failures_that_were_not_seen() -> None:
    estimate = cost_of_pass(dict.fromkeys(SKEWED, 2.0), [(task, 1.0) for task in SKEWED])
    assert estimate.value == 2.0
    assert estimate.interval
    assert estimate.interval.high == pytest.approx(2.0 / wilson(12, 12).low)


def test_cost_of_pass_needs_costs_and_results_of_the_same_tasks() -> None:
    with pytest.raises(ValueError, match="different tasks"):
        cost_of_pass({"a": 1.0}, [("b", 1.0)])


@few
@given(costs, costs)
def test_difference_turned_round_has_the_opposite_sign(
    base: dict[str, float], other: dict[str, float]
) -> None:
    if not base.keys() & other.keys():
        return
    forth, back = (difference(*pair, resamples=200) for pair in ((base, other), (other, base)))
    assert forth.value == -back.value
    assert forth.sign == -back.sign


def test_difference_is_paired_by_task() -> None:
    dearer = {task: value + 0.1 for task, value in SKEWED.items()}
    estimate = difference(SKEWED, dearer)
    assert estimate.interval
    assert estimate.interval.high - estimate.interval.low < 1e-9
    assert estimate.sign == 1


def test_difference_takes_only_tasks_in_common() -> None:
    estimate = difference({"a": 1.0, "b": 2.0}, {"b": 5.0, "c": 9.0})
    assert estimate == Estimate(3.0, None, 1)


def test_no_difference_seen_is_not_no_difference() -> None:
    shares = {f"t{place}": 1.0 for place in range(20)}
    estimate = difference(shares, shares, shares=True)
    assert estimate.interval
    assert estimate.interval.low < -0.05
    assert estimate.interval.high > 0.05


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = random.Random(7)
    draws = [{str(t): rng.gauss(0.0, 1.0) for t in range(12)} for _ in range(300)]
    hits = sum(mean(draw, resamples=400).sign == 0 for draw in draws)
    assert 0.91 <= hits / len(draws) <= 0.99
