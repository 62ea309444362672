"""A small experiment that was really run, and rows made to measure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Home
from outlay.benchmarks.experiments.experiment import (
    ExperimentPlan,
    ExperimentResult,
    run_experiment,
)
from outlay.benchmarks.results import ResultRow

PLAN = ExperimentPlan(
    suite="almanac",
    policy="embedded:reader",
    planners=("react", "tracker"),
    budgets=("search=4,open=2", "usd=0.004"),
    tasks=3,
    repeats=2,
)

MakeRow = Callable[..., ResultRow]


@dataclass(frozen=True)
class Ran:
    """An experiment with the folder that it is recorded in."""

    home: Home
    outcome: ExperimentResult


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder: Path = tmp_path_factory.mktemp("ran")
    outcome = asyncio.run(run_experiment(PLAN, home=folder))
    home = Home.at(folder)
    yield Ran(home, outcome)
    home.close()


@pytest.fixture
def make_row() -> MakeRow:
    """Returns a row with what matters to a test, and the rest filled in."""

    def make(task: str, won: bool, cost: str = "0.002", **changes: object) -> ResultRow:
        fields: dict[str, object] = {
            **{"task": task, "hops": 1, "planner": "react", "memory": "full"},
            **{"policy": "embedded", "budget": "search=8", "repeat": 0, "seed": 0},
            **{"status": "answered", "score": float(won), "cost_usd": Decimal(cost)},
            **{"tool_calls": 2, "model_calls": 3, "input_tokens": 100, "output_tokens": 10},
            **{"seconds": 0.5, "run": "", "gold_cost_usd": None},
        }
        return ResultRow.model_validate({**fields, **changes})

    return make
