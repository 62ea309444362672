"""An experiment under one budget: what suffices does not depend on how many run at once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Home
from outlay.benchmarks.experiments.experiment import (
    ExperimentPlan,
    ExperimentResult,
    run_experiment,
)
from outlay.benchmarks.experiments.past_experiments import read_experiments
from outlay.benchmarks.reports.summary import summarise
from outlay.benchmarks.reports.terminal.experiment_report import render_plain
from outlay.ledger.errors import BudgetError

PRICES = """
[models."embedded/tiny"]
input = 0.15
output = 10

[tools.search]
call = 0.001

[tools.open]
call = 0.003
"""


def plan(*budgets: str, tasks: int = 20, skip: bool = False) -> ExperimentPlan:
    return ExperimentPlan(
        suite="almanac", policy="embedded", planners=("react",), budgets=budgets, tasks=tasks,
        skip_unpayable=skip,
    )  # fmt: skip


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(PRICES)
    return path


def told(result: ExperimentResult) -> list[tuple[object, ...]]:
    return [(row.task, row.status, row.score, row.tool_calls, row.cost_usd) for row in result.rows]


async def test_results_do_not_depend_on_concurrency(tmp_path: Path, prices: Path) -> None:
    """At 81ca84b: 75 tool calls one at a time, 57 at 4 at once, 24 at 16."""
    made = plan("usd=1")
    alone = await run_experiment(made, home=tmp_path / "free", prices=prices, concurrency=1)
    total = f"usd={alone.spent_usd * Decimal('1.2')}"
    for concurrency in (1, 4, 16):
        home = tmp_path / str(concurrency)
        result = await run_experiment(
            made, home=home, prices=prices, concurrency=concurrency, total_budget=total
        )
        assert told(result) == told(alone), concurrency
        assert not any(row.refused for row in result.rows)


async def test_a_budget_too_small_is_named_before_anything_is_begun(
    tmp_path: Path, prices: Path
) -> None:
    begun: list[str] = []
    with pytest.raises(BudgetError, match=r"react at usd=0.0001: .* at least usd=.*--skip") as no:
        await run_experiment(
            plan("usd=0.01", "usd=0.0001", "usd=0.0002", tasks=2), home=tmp_path, prices=prices,
            on_start=begun.append,
        )  # fmt: skip
    assert "react at usd=0.0002" in str(no.value)
    assert "react at usd=0.01:" not in str(no.value)
    assert (begun, list(tmp_path.glob("journals/*.jsonl"))) == ([], [])


async def test_set_ups_that_cannot_be_paid_are_left_out_on_request(
    tmp_path: Path, prices: Path
) -> None:
    left_out: list[str] = []
    result = await run_experiment(
        plan("usd=0.01", "usd=0.0001", tasks=2, skip=True), home=tmp_path, prices=prices,
        on_skip=left_out.append,
    )  # fmt: skip
    assert [row.budget for row in result.rows] == ["usd=0.01"] * 2
    assert [why.partition(":")[0] for why in left_out] == ["react at usd=0.0001"]
    again = await run_experiment(None, home=tmp_path, prices=prices, resume=result.experiment)
    assert told(again) == told(result)


async def test_what_budgets_refused_is_reported_live_and_from_the_record(
    tmp_path: Path, prices: Path
) -> None:
    result = await run_experiment(plan("usd=1,search=1", tasks=5), home=tmp_path, prices=prices)
    refused = sum(row.refused.get("search", 0) for row in result.rows)
    assert refused > 0
    sentence = f"refused by the budget: {refused} calls of search"
    assert sentence in render_plain(summarise(result.rows))
    recorded = read_experiments(Home.at(tmp_path), [result.experiment])
    assert sentence in render_plain(summarise(recorded.rows))
