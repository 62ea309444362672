"""What the store says of an experiment is what the experiment itself said."""

from __future__ import annotations

from decimal import Decimal

import pytest

from outlay.agent import Home
from outlay.benchmarks.experiments.experiment import ExperimentPlan, run_experiment
from outlay.benchmarks.experiments.past_experiments import read_experiments
from outlay.benchmarks.results import ResultRow
from outlay.ledger.errors import UsageError

from ..conftest import PLAN, Ran


def plain(row: ResultRow) -> tuple[object, ...]:
    """Returns a row without its duration: that of a live run holds its start, too."""
    return tuple(value for name, value in row if name != "seconds")


def test_the_rows_are_those_of_the_experiment(ran: Ran) -> None:
    found = read_experiments(ran.home, [ran.outcome.experiment])
    assert sorted(map(plain, found.rows)) == sorted(map(plain, ran.outcome.rows))
    assert found.rows[0].setup == ran.outcome.rows[0].setup


def test_bills_sum_to_the_costs(ran: Ran) -> None:
    found = read_experiments(ran.home, [ran.outcome.experiment])
    for row in found.rows:
        bill = found.bills[row.run]
        assert sum(bill.usd.values()) == row.cost_usd == bill.used["usd"]
        tools = [n for resource, n in bill.used.items() if resource.startswith("tool_calls.")]
        assert sum(tools) == row.tool_calls == bill.used["tool_calls"]
        assert bill.used["tokens"] == row.tokens


def test_the_tasks_are_told(ran: Ran) -> None:
    found = read_experiments(ran.home, [ran.outcome.experiment])
    assert set(found.tasks) == set(found.prompts) == {row.task for row in found.rows}
    assert all(found.prompts[name] == task.prompt for name, task in found.tasks.items())
    assert set(found.answers) == {row.run for row in found.rows}


async def test_what_the_money_did_not_reach_is_not_started(ran: Ran) -> None:
    plan = ExperimentPlan(
        suite="almanac", policy="embedded:reader", planners=("react",), budgets=("usd=0.004",),
        tasks=4,
    )  # fmt: skip
    outcome = await run_experiment(
        plan, home=ran.home.path, total_budget="model_calls=5", concurrency=1
    )
    found = read_experiments(ran.home, [outcome.experiment])
    late = [row for row in found.rows if row.status == "not_started"]
    assert sorted(map(plain, found.rows)) == sorted(map(plain, outcome.rows))
    assert late
    assert all(row.cost_usd == Decimal(0) and row.run == "" for row in late)


def test_an_unknown_experiment_is_named(ran: Ran) -> None:
    with pytest.raises(UsageError, match="there is no experiment 'nope'"):
        read_experiments(ran.home, [ran.outcome.experiment, "nope"])
    with pytest.raises(UsageError, match="there is no experiment 'nope'"):
        read_experiments(Home.at(ran.home.path / "empty"), ["nope"])


async def test_experiments_over_other_tasks_are_kept_apart(ran: Ran) -> None:
    other = ExperimentPlan(
        suite="almanac", policy="embedded:reader", planners=("react",), budgets=PLAN.budgets[:1],
        tasks=1, seed=7,
    )  # fmt: skip
    outcome = await run_experiment(other, home=ran.home.path)
    with pytest.raises(UsageError, match="not over the same tasks"):
        read_experiments(ran.home, [ran.outcome.experiment, outcome.experiment])
