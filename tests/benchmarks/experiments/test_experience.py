"""Experiments that learn from earlier ones: who is given what, and that nothing else changes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from outlay.agent import Home
from outlay.benchmarks.experiments.experiment import (
    ExperimentPlan,
    ExperimentResult,
    run_experiment,
)
from outlay.benchmarks.experiments.what_if import what_if
from outlay.journal.store.pruning import prunable, prune
from outlay.ledger.errors import UsageError
from outlay.ledger.prices.price_book import PriceBook
from outlay.memory.experience.examples import PREFIX


def plan(*learn_from: str, seed: int = 0, suite: str = "almanac", **more: object) -> ExperimentPlan:
    fields = {"policy": "embedded:reader", "planners": ("react",), "budgets": ("search=3,open=1",)}
    return ExperimentPlan(
        suite=suite, tasks=12, seed=seed, learn_from=learn_from, **(fields | more)
    )  # type: ignore[arg-type]


async def made(home: Path, plan: ExperimentPlan) -> ExperimentResult:
    return await run_experiment(plan, home=home, concurrency=1)


async def test_runs_are_given_examples_where_that_may_pay_and_the_choice_is_kept(
    tmp_path: Path,
) -> None:
    first = await made(tmp_path, plan())
    assert {row.memory for row in first.rows} == {"full"}
    second = await made(tmp_path, plan(first.experiment, seed=1))
    helped = {row.task for row in second.rows if row.memory.startswith(PREFIX)}
    assert 0 < len(helped) < 12

    again = await run_experiment(None, home=tmp_path, resume=second.experiment)
    assert [row.memory for row in again.rows] == [row.memory for row in second.rows]
    place = Home.at(tmp_path)
    one_of_each = {row.memory: row.run for row in second.rows}
    for run in one_of_each.values():
        record = place.record(run)
        assert (await what_if(record, None, home=place, prices=PriceBook.load())).exact
    texts = [
        str(event.body)
        for row in second.rows
        for event in place.events(row.run)
        if event.kind == "hold"
    ]
    assert any("Steps of other tasks that were solved" in text for text in texts)


async def test_a_lesson_reaches_other_tasks_in_the_system_message(tmp_path: Path) -> None:
    failed = await made(tmp_path, plan(planners=("reflexion:n=2",), budgets=("usd=0.004",)))
    place = Home.at(tmp_path)
    assert failed.rows
    later = await made(tmp_path, plan(failed.experiment, seed=2, budgets=("usd=0.016",)))
    helped = [row for row in later.rows if row.memory.startswith(PREFIX)]
    told = ["What earlier attempts at other tasks have taught" in _prompt(place, row.run)
            for row in helped]  # fmt: skip
    assert helped
    assert all(told)


def _prompt(home: Home, run: str) -> str:
    return next(str(event.body) for event in home.events(run) if event.kind == "hold")


async def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no experiment 'x'"):
        await made(tmp_path, plan("x"))
    old, place = await made(tmp_path, plan()), Home.at(tmp_path)
    place.close()
    prune(place.store, prunable(place.store, before=time.time() + 1).runs, now=1.0)
    with pytest.raises(UsageError, match="were pruned: nothing can be learned from it"):
        await made(tmp_path, plan(old.experiment))
    other = await made(tmp_path, plan(suite="workshop", planners=("toolpath",), budgets=("usd=1",)))
    with pytest.raises(UsageError, match=r"of the suite workshop, not of almanac"):
        await made(tmp_path, plan(other.experiment))
