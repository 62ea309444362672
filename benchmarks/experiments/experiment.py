"""Experiments: a grid of set-ups over the tasks of a suite, under one account.

Every run is an ordinary run of an `Agent`, filed under the experiment's id, so an experiment that
was interrupted goes on where it stopped: what is scored is not run again, what was begun is
resumed, and the suite's account starts with what has been spent.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...agent import Home, new_run_id
from ...ledger.account import Account
from ...ledger.budget import Budget
from ...ledger.errors import BudgetError, UsageError
from ...ledger.prices.price_book import PriceBook
from ...memory import memory
from ...planners import planner
from ...policies import Policy, policy
from ..cells import Cell, RunSpec
from ..engines import IN_PROCESS, Engine
from ..results import ResultRow
from ..runner import CellRunner, RunSources
from ..suite import suite
from .experience import Experience
from .experiment_record import RecordedExperiment


@dataclass(frozen=True, kw_only=True)
class ExperimentPlan:
    """What is run. Everything in it is recorded with every run."""

    suite: str
    knobs: Mapping[str, Any] = field(default_factory=dict)
    policy: str
    planners: tuple[str, ...]
    memory: str = "full"
    budgets: tuple[str, ...]
    """Budgets of single runs, each a set-up of its own."""
    tasks: int
    repeats: int = 1
    seed: int = 0
    learn_from: tuple[str, ...] = ()
    """Finished experiments whose examples and lessons help where that is expected to pay."""
    skip_unpayable: bool = False
    """Leaves out set-ups whose budget cannot pay for one call; else there is no experiment."""
    policy_options: Mapping[str, Any] = field(default_factory=dict)
    """`max_output`, `timeout`, `stream`, `tool_protocol` of the policy, where they are given."""
    agent_options: Mapping[str, Any] = field(default_factory=dict)
    """`system`, `temperature` and `max_output` by purpose, where they are given."""
    signature: str = ""
    """Of the user who started it from the command line: a plan without theirs is foreign."""

    @classmethod
    def from_record(cls, data: Mapping[str, Any]) -> ExperimentPlan:
        fields: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in data.items()
        }
        return cls(**fields)


@dataclass(frozen=True)
class ExperimentProgress:
    done: int
    total: int
    spent_usd: Decimal
    limit_usd: Decimal | None


@dataclass(frozen=True)
class ExperimentResult:
    experiment: str
    plan: ExperimentPlan
    rows: list[ResultRow]
    spent_usd: Decimal


OnRow = Callable[[ResultRow, ExperimentProgress], None]


async def run_experiment(
    plan: ExperimentPlan | None,
    *,
    home: Path | None = None,
    prices: Path | None = None,
    concurrency: int = 16,
    total_budget: str | None = None,
    resume: str | None = None,
    engine: Engine = IN_PROCESS,
    on_row: OnRow = lambda row, progress: None,
    on_start: Callable[[str], None] = lambda experiment: None,
    on_skip: Callable[[str], None] = lambda why: None,
) -> ExperimentResult:
    """Runs a plan, or goes on with the experiment `resume`.

    Args:
        concurrency: runs under way at once.
        total_budget: what the whole experiment may spend; with `resume`, what was spent counts.
        engine: where the runs are made.
        on_row: is called after each run.
        on_start: is called with the experiment's id before the first run.
        on_skip: is told of each set-up that is left out, and why.

    Raises:
        UsageError: the plan makes no sense, there is no such experiment, or another process
            goes on with it.
        BudgetError: the budget of a set-up cannot pay for one call; the text names all such.
    """
    book = PriceBook.load(prices)
    place = Home.at(home)
    experiment = _known(place, resume) if plan is None else resume or _new_name(plan)
    with place.own(f"experiment {experiment}"):
        begun = _begun(plan, experiment, place, book, total_budget)
        for why in begun.left_out:
            on_skip(why)
        on_start(experiment)
        rows: dict[int, ResultRow] = {}
        ended = engine.run(begun.cells, begun.runner.row, concurrency=concurrency)
        try:
            async with aclosing(ended):
                async for number, row in ended:
                    rows[number] = row
                    on_row(row, begun.progress(len(rows)))
        finally:
            await begun.policy.close()
    ordered = [rows[number] for number in sorted(rows)]
    return ExperimentResult(experiment, begun.plan, ordered, begun.account.spent.usd)


@dataclass(frozen=True, kw_only=True)
class _BegunExperiment:
    """An experiment that this process owns, with all that was recorded of it before."""

    plan: ExperimentPlan
    runner: CellRunner
    account: Account
    cells: Sequence[Cell]
    policy: Policy
    left_out: Sequence[str]
    """Why set-ups cannot begin."""

    def progress(self, done: int) -> ExperimentProgress:
        limit = self.account.budget.usd
        return ExperimentProgress(done, len(self.cells), self.account.spent.usd, limit)


def _begun(
    plan: ExperimentPlan | None,
    experiment: str,
    home: Home,
    prices: PriceBook,
    total_budget: str | None,
) -> _BegunExperiment:
    earlier = RecordedExperiment.load(home, experiment)
    plan = plan or ExperimentPlan.from_record(earlier.plan or {})
    budget = Budget.parse(total_budget) if total_budget else Budget()
    account = Account(budget, name="the suite", spent=earlier.spent)
    sources = sources_of(plan, home, prices)
    _check(budget, plan, sources)
    spec = spec_of(plan, experiment, sources)
    runner = CellRunner(spec, sources, account, recorded=earlier.cells)
    unpayable = _unpayable(plan, sources, runner)
    if unpayable and not plan.skip_unpayable:
        raise BudgetError(
            f"no experiment was begun: {'; '.join(unpayable.values())}; raise these budgets or "
            "leave such set-ups out (--skip-unpayable)"
        )
    cells = [cell for cell in _cells(plan, sources) if (cell.planner, cell.budget) not in unpayable]
    return _BegunExperiment(
        plan=plan, runner=runner, account=account, cells=cells, policy=sources.policy,
        left_out=tuple(unpayable.values()),
    )  # fmt: skip


def _known(home: Home, experiment: str | None) -> str:
    sql = "select count(*) from runs where experiment = ?"
    if experiment is None or home.store.query(sql, (experiment,)).rows == [(0,)]:
        raise UsageError(f"there is no experiment {experiment!r} in {home.path}: see `outlay runs`")
    return experiment


def _new_name(plan: ExperimentPlan) -> str:
    return f"{plan.suite}-{new_run_id()}"


def sources_of(plan: ExperimentPlan, home: Home, prices: PriceBook) -> RunSources:
    """Returns what the runs of a plan are made with.

    Raises:
        UsageError: the plan names something that there is not, or an experiment of another suite
            to learn from.
    """
    made = suite(plan.suite, **plan.knobs)
    tasks = made.tasks(plan.tasks, plan.seed)
    experience = Experience(home, plan.learn_from, made, tasks) if plan.learn_from else None
    decides = policy(plan.policy, **plan.policy_options)
    planners = [planner(name) for name in plan.planners]
    return RunSources(
        suite=made,
        tasks={task.id: task for task in tasks},
        policy=decides,
        prices=prices,
        home=home,
        planners={each.name: each for each in planners},
        experience=experience,
    )


def spec_of(plan: ExperimentPlan, experiment: str, sources: RunSources) -> RunSpec:
    """Returns what the runs of a plan have in common."""
    return RunSpec(
        experiment=experiment,
        memory=plan.memory,
        seed=plan.seed,
        task_class=sources.suite.name,
        plan=dataclasses.asdict(plan),
        **plan.agent_options,
    )


def _cells(
    plan: ExperimentPlan, sources: RunSources, tasks: Collection[str] | None = None
) -> Sequence[Cell]:
    """Returns all runs of a plan: every set-up meets a task before the next task comes.

    Args:
        tasks: the ids of those to run; None for all.
    """
    return [
        Cell(task=task, planner=name, budget=budget, repeat=repeat, seed=plan.seed + repeat)
        for repeat in range(plan.repeats)
        for task in tasks or sources.tasks
        for name in sources.planners
        for budget in plan.budgets
    ]


def _unpayable(
    plan: ExperimentPlan, sources: RunSources, runner: CellRunner
) -> dict[tuple[str, str], str]:
    """Returns why set-ups cannot begin with the longest task, by planner and budget."""
    longest = max(sources.tasks.values(), key=lambda task: len(task.prompt))
    found: dict[tuple[str, str], str] = {}
    for cell in _cells(replace(plan, repeats=1), sources, (longest.id,)):
        try:
            runner.check(cell)
        except BudgetError as error:
            found[cell.planner, cell.budget] = f"{cell.planner} at {cell.budget}: {error}"
    return found


def _check(total: Budget, plan: ExperimentPlan, sources: RunSources) -> None:
    """Raises BudgetError if the total limits a tool that no task of the suite has."""
    if not total.per_tool:
        return
    worlds = map(sources.suite.world, sources.tasks.values())
    tools = [tool for world in worlds for tool in world.tools()]
    tools += memory(plan.memory).tools()
    total.check_tools({tool.spec.name for tool in tools})
