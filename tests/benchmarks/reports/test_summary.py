"""Summaries against numbers worked out by hand."""

from __future__ import annotations

import random
from decimal import Decimal
from math import inf

import pytest

from outlay.benchmarks.reports.conclusion import verdicts
from outlay.benchmarks.reports.summary import Measures, summarise
from outlay.benchmarks.results import ResultRow
from outlay.benchmarks.statistics import wilson

from ..conftest import MakeRow


def row(task: str, score: float | None, cost: str = "0.002", **changes: object) -> ResultRow:
    fields: dict[str, object] = {
        **{"task": task, "hops": 1, "planner": "react", "memory": "full", "policy": "embedded"},
        **{"budget": "search=8", "repeat": 0, "seed": 0, "status": "answered", "score": score},
        **{"cost_usd": Decimal(cost), "tool_calls": 2, "model_calls": 3, "input_tokens": 100},
        **{"output_tokens": 10, "seconds": 0.5, "run": "", "gold_cost_usd": Decimal("0.001")},
    }
    return ResultRow.model_validate({**fields, **changes})


def measured(rows: list[ResultRow]) -> Measures:
    measures = summarise(rows).setups[0].measures
    assert measures
    return measures


def test_no_rows_make_an_empty_report() -> None:
    report = summarise([])
    assert (report.setups, report.hops, report.comparisons) == ((), (), ())


def test_means_are_over_tasks() -> None:
    rows = [row("a", 1, "0.001"), row("a", 1, "0.003"), row("b", 0, "0.006", tool_calls=8)]
    measures = measured(rows)
    assert (measures.tasks, measures.runs) == (2, 3)
    assert measures.success.value == 0.5
    assert measures.cost.value == pytest.approx(0.004)
    assert measures.cost_of_pass.value == pytest.approx(0.008)
    assert measures.tool_calls == 5
    assert measures.tokens == 110


def test_a_part_of_the_marks_is_no_success() -> None:
    assert measured([row("a", 0.9), row("b", 1.0)]).success.value == 0.5


def test_a_failed_run_without_a_score_is_no_success() -> None:
    assert measured([row("a", None, status="failed"), row("b", 1.0)]).success.value == 0.5


def test_runs_that_were_stopped_count_only_as_money() -> None:
    rows = [row("a", 1), row("b", None, status="cancelled"), row("c", 0, status="not_started")]
    summary = summarise(rows).setups[0]
    assert summary.measures
    assert summary.measures.runs == 1
    assert summary.statuses == {"answered": 1, "cancelled": 1, "not_started": 1}
    assert summary.spent == Decimal("0.006")


def test_a_setup_of_which_no_run_ended_has_no_measures() -> None:
    assert summarise([row("a", None, status="not_started")]).setups[0].measures is None


def test_nothing_passed_costs_infinity() -> None:
    assert measured([row("a", 0), row("b", 0)]).cost_of_pass.value == inf


def test_hops_are_in_order_and_unknown_ones_last() -> None:
    rows = [row("a", 1, hops=None), row("b", 1, hops=3), row("c", 1, hops=0)]
    assert [summary.hops for summary in summarise(rows).hops] == [0, 3, None]


def test_times_cheapest_is_of_the_solved_runs() -> None:
    rows = [
        row("a", 1, "0.004", gold_cost_usd="0.001"),
        row("b", 1, "0.005", gold_cost_usd="0.002"),
        row("c", 0, "0.100", gold_cost_usd="0.001"),
    ]
    assert summarise(rows).hops[0].times_cheapest == 3.0


@pytest.mark.parametrize("gold", [None, Decimal(0)])
def test_without_a_price_of_the_cheapest_path_there_are_no_times(gold: Decimal | None) -> None:
    assert summarise([row("a", 1, gold_cost_usd=gold)]).hops[0].times_cheapest is None


def test_a_task_without_gold_leaves_the_cheapest_path_unknown() -> None:
    assert summarise([row("a", 1), row("b", 1, gold_cost_usd=None)]).hops[0].cheapest is None


def test_comparisons_are_paired_on_common_tasks() -> None:
    rows = [row(f"t{place}", 0, "0.004") for place in range(20)]
    rows += [row(f"t{place}", 1, "0.003", planner="tracker") for place in range(5, 25)]
    (comparison,) = summarise(rows).comparisons
    assert comparison.tasks == 15
    assert comparison.success.value == 1.0
    assert comparison.cost.value == pytest.approx(-0.001)
    assert (comparison.success.sign, comparison.cost.sign) == (1, -1)


def test_several_comparisons_share_the_error() -> None:
    rows = [row("a", 1, planner=planner) for planner in ("p", "q", "r")]
    assert [c.level for c in summarise(rows).comparisons] == pytest.approx([0.975, 0.975])


def test_setups_without_a_common_task_are_not_compared() -> None:
    assert not summarise([row("a", 1), row("b", 1, planner="tracker")]).comparisons


def test_the_base_may_be_named() -> None:
    rows = [row("a", 1, planner=planner) for planner in ("p", "q", "r")]
    report = summarise(rows, base=rows[1].setup)
    assert [summary.setup.planner for summary in report.setups] == ["q", "p", "r"]
    assert {comparison.base.planner for comparison in report.comparisons} == {"q"}


def test_the_order_of_rows_changes_nothing() -> None:
    rng = random.Random(3)
    rows = [
        row(f"t{place % 15}", float(rng.random() < 0.5), f"0.00{rng.randint(1, 9)}",
            planner=rng.choice(["react", "tracker"]), hops=place % 3)
        for place in range(80)
    ]  # fmt: skip
    assert summarise(rng.sample(rows, len(rows))) == summarise(rows)


def test_success_has_the_clustered_interval() -> None:
    rows = [row(f"t{place}", 1.0) for place in range(6)] * 3
    assert measured(rows).success.interval == wilson(6, 6)


def test_a_difference_has_the_p_value_of_its_signs() -> None:
    rows = [row(f"t{place}", place % 2) for place in range(12)]
    rows += [row(f"t{place}", 1, planner="tracker") for place in range(12)]
    (comparison,) = summarise(rows).comparisons
    assert comparison.success_p == 2 / 2**6


def test_in_a_grid_a_setup_is_held_against_the_base_at_its_own_budget() -> None:
    rows = [
        row("a", 1, planner=planner, budget=budget)
        for planner in ("react", "bats", "tracker")
        for budget in ("search=16", "search=2", "search=4")
    ]
    report = summarise(rows, base=rows[1].setup)
    budgets = ["search=2", "search=4", "search=16"]
    assert [s.setup.budget for s in report.setups if s.setup.planner == "bats"] == budgets
    pairs = {(c.base.planner, c.base.budget, c.other.planner, c.other.budget)
             for c in report.comparisons}  # fmt: skip
    assert pairs == {("react", b, p, b) for b in budgets for p in ("bats", "tracker")}


def test_budgets_of_one_planner_are_held_against_the_first() -> None:
    rows = [row("a", 1, budget=f"search={calls}") for calls in (8, 2, 16)]
    compared = summarise(rows, base=rows[0].setup).comparisons
    assert [(c.base.budget, c.other.budget) for c in compared] == [
        ("search=8", "search=2"), ("search=8", "search=16"),
    ]  # fmt: skip


def test_errors_are_counted_apart_and_too_many_give_no_verdict(make_row: MakeRow) -> None:
    error = {"status": "failed", "reason": "policy_error", "why": "h:1 cannot be reached"}
    sound = [make_row(f"t{n}", n % 2 == 0) for n in range(20)]
    few = [make_row(f"t{n}", n % 2 == 0, planner="tracker") for n in range(18)]
    few += [make_row(f"t{n}", False, planner="tracker", **error) for n in range(18, 20)]
    many = [make_row(f"t{n}", False, planner="vote", **error) for n in range(20)]
    own = make_row("t20", False, status="failed", reason="malformed_calls")
    report = summarise([*sound, own, *few, *many])
    react, tracker, vote = report.setups
    assert react.measures is not None
    assert (react.measures.runs, react.errors) == (21, {})  # its own failure counts
    assert tracker.measures is not None
    assert (tracker.measures.runs, tracker.measures.success.value) == (18, 0.5)
    assert tracker.errors == {"h:1 cannot be reached": 2}
    assert not tracker.is_doubtful
    assert (vote.measures, vote.errors, vote.is_doubtful) == (None, {error["why"]: 20}, True)
    said = list(verdicts(report))
    assert [sentence.partition(" ")[0] for sentence in said] == ["vote", "No"]
    assert "20 of its 20 runs ended by an error" in said[0]


def test_no_set_up_is_held_against_one_that_errors_ended(make_row: MakeRow) -> None:
    error = {"status": "failed", "reason": "error"}
    rows = [make_row(f"t{n}", False, **error) for n in range(5)]
    rows += [make_row(f"t{n}", True) for n in range(5, 20)]
    rows += [make_row(f"t{n}", False, planner="tracker") for n in range(20)]
    (only,) = verdicts(summarise(rows))
    assert only.startswith("react gets no verdict: 5 of its 20 runs")
