"""Experiments: a grid of set-ups over the tasks of a suite, under one account.

Every run is an ordinary run of an `Agent`, filed under the experiment's id, so an experiment that
was interrupted goes on where it stopped: what is scored is not run again, what was begun is
resumed, and the suite's account starts with what has been spent.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..agent import Agent, AgentOptions, Home, Result, RunLabels, RunRecord, new_run_id
from ..journal.events import Event
from ..ledger.account import Account
from ..ledger.amount import ZERO, Amount
from ..ledger.budget import Budget
from ..ledger.errors import BudgetError, UsageError
from ..ledger.prices.price_book import PriceBook
from ..memory import memory
from ..planners import Planner, planner
from ..policies import Policy, policy
from .experience import Experience, ExperienceContext
from .results import ResultRow
from .suite import Suite, Task, World, is_success, judge, metrics, restore, suite


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


@dataclass(frozen=True)
class _RunCell:
    """One run to be made."""

    task: Task
    planner: Planner
    budget: str
    repeat: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        return (self.task.id, self.planner.name, self.budget, self.repeat)


OnRow = Callable[[ResultRow, ExperimentProgress], None]


async def run_experiment(
    plan: ExperimentPlan | None,
    *,
    home: Path | None = None,
    prices: Path | None = None,
    concurrency: int = 16,
    total_budget: str | None = None,
    resume: str | None = None,
    on_row: OnRow = lambda row, progress: None,
    on_start: Callable[[str], None] = lambda experiment: None,
) -> ExperimentResult:
    """Runs a plan, or goes on with the experiment `resume`.

    Args:
        concurrency: runs under way at once.
        total_budget: what the whole experiment may spend; with `resume`, what was spent counts.
        on_row: is called after each run.
        on_start: is called with the experiment's id before the first run.

    Raises:
        UsageError: the plan makes no sense, or there is no such experiment.
    """
    book = PriceBook.load(prices)
    place = Home.at(home)
    earlier = _RecordedExperiment.load(place, resume) if resume else _RecordedExperiment()
    plan = plan or earlier.plan
    if plan is None:
        raise UsageError(f"there is no experiment {resume!r} in {place.path}: see `outlay runs`")
    experiment = resume or _new_id(plan)
    budget = Budget.parse(total_budget) if total_budget else Budget()
    account = Account(budget, name="the suite", spent=earlier.spent)
    runner = _Runner(plan, experiment, place, book, account, earlier)
    runner.check(budget)
    on_start(experiment)
    rows = await runner.run(concurrency, on_row)
    return ExperimentResult(experiment, plan, rows, account.spent.usd)


class _Runner:
    def __init__(
        self,
        plan: ExperimentPlan,
        experiment: str,
        home: Home,
        book: PriceBook,
        account: Account,
        earlier: _RecordedExperiment,
    ) -> None:
        self._plan = plan
        self._experiment = experiment
        self._home = home
        self._book = book
        self._account = account
        self._earlier = earlier
        self._suite: Suite = suite(plan.suite, **plan.knobs)
        self._learning = learning_of(plan, self._suite, home)
        self._policy: Policy = policy(plan.policy)
        self._planners: tuple[Planner, ...] = tuple(map(planner, plan.planners))
        self._tasks = self._suite.tasks(plan.tasks, plan.seed)

    def check(self, total: Budget) -> None:
        """Raises BudgetError if `total` limits a tool that no task of the suite has."""
        if not total.per_tool:
            return
        tools = [tool for task in self._tasks for tool in self._suite.world(task).tools()]
        tools += memory(self._plan.memory).tools()
        total.check_tools({tool.spec.name for tool in tools})

    async def run(self, concurrency: int, on_row: OnRow) -> list[ResultRow]:
        """Runs all cells, at most `concurrency` at once; returns their rows in the plan's order."""
        plan = self._plan
        setups = len(self._planners) * len(plan.budgets)
        total = len(self._tasks) * plan.repeats * setups
        rows: dict[int, ResultRow] = {}
        waiting = enumerate(self._cells())
        limit = self._account.budget.usd

        async def work() -> None:
            for number, cell in waiting:
                rows[number] = await self._row(cell)
                done = ExperimentProgress(len(rows), total, self._account.spent.usd, limit)
                on_row(rows[number], done)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(max(concurrency, 1), total)):
                    group.create_task(work())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            await self._policy.close()
        return [rows[number] for number in sorted(rows)]

    def _cells(self) -> Iterator[_RunCell]:
        for repeat in range(self._plan.repeats):
            for task in self._tasks:
                for made in self._planners:
                    for budget in self._plan.budgets:
                        yield _RunCell(task, made, budget, repeat)

    async def _row(self, cell: _RunCell) -> ResultRow:
        known = self._earlier.runs.get(cell.key)
        if known is not None and known.score is not None:
            return self._to_row(cell, known.memory, known.result, known.score, known.metrics)
        world = self._suite.world(cell.task)
        agent = self._agent(cell, world)
        try:
            if known is not None:
                restore(world, known.events)
                result = await agent.resume(known.run, account=self._account)
            else:
                labels = self._labels(cell)
                result = await agent.run(cell.task.prompt, account=self._account, labels=labels)
        except BudgetError:
            if agent.budget.limits and self._account.spent == ZERO:
                raise
            return self._not_started(cell, agent.memory.name)
        score = judge(self._suite, cell.task, world, result.answer)
        told = metrics(self._suite.scorer, cell.task, result.text)
        self._home.write_score(result.run, score, success=is_success(score), metrics=told)
        return self._to_row(cell, agent.memory.name, _RunCounts.of(result), score, told)

    def _agent(self, cell: _RunCell, world: World) -> Agent:
        return agent_for(
            self._plan, self._suite, cell.task, cell.planner, cell.budget, cell.repeat,
            self._policy, self._book, self._home, self._learning, world,
        )  # fmt: skip

    def _labels(self, cell: _RunCell) -> RunLabels:
        return RunLabels(
            task_id=cell.task.id,
            experiment=self._experiment,
            seed=self._plan.seed,
            repeat=cell.repeat,
            task_class=self._suite.name,
            agent={"plan": dataclasses.asdict(self._plan), "budget": cell.budget},
        )

    def _to_row(
        self,
        cell: _RunCell,
        memory: str,
        counts: _RunCounts,
        score: float | None,
        told: Mapping[str, float],
    ) -> ResultRow:
        return ResultRow(
            **self._common(cell), memory=memory, score=score, metrics=dict(told),
            **dataclasses.asdict(counts),
        )  # fmt: skip

    def _not_started(self, cell: _RunCell, memory: str) -> ResultRow:
        nothing = _RunCounts("not_started", Decimal(0), 0, 0, 0, 0, 0.0, "")
        return self._to_row(cell, memory, nothing, None, {})

    def _common(self, cell: _RunCell) -> dict[str, Any]:
        return {
            "task": cell.task.id,
            "hops": cell.task.hops,
            "kind": cell.task.kind,
            "planner": cell.planner.name,
            "policy": self._policy.name,
            "budget": cell.budget,
            "repeat": cell.repeat,
            "seed": self._plan.seed,
            "gold_cost_usd": cell.task.gold_cost,
        }


@dataclass(frozen=True)
class _RunCounts:
    """The part of a row that the run itself tells."""

    status: str
    cost_usd: Decimal
    tool_calls: int
    model_calls: int
    input_tokens: int
    output_tokens: int
    seconds: float
    run: str

    @classmethod
    def of(cls, result: Result) -> _RunCounts:
        return cls.from_spend(result.run, result.status, result.spend, result.seconds)

    @classmethod
    def from_spend(cls, run: str, status: str, spend: Amount, seconds: float) -> _RunCounts:
        return cls(
            status=status,
            cost_usd=spend.usd,
            tool_calls=int(spend["tool_calls"]),
            model_calls=int(spend["model_calls"]),
            input_tokens=int(spend["input_tokens"]),
            output_tokens=int(spend["output_tokens"]),
            seconds=seconds,
            run=run,
        )


@dataclass(frozen=True)
class _RecordedRun:
    """A run of the experiment that an earlier process made or began."""

    run: str
    memory: str
    result: _RunCounts
    score: float | None
    metrics: Mapping[str, float]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class _RecordedExperiment:
    """What is recorded of an experiment."""

    plan: ExperimentPlan | None = None
    runs: Mapping[tuple[str, str, str, int], _RecordedRun] = field(default_factory=dict)
    spent: Amount = ZERO

    @classmethod
    def load(cls, home: Home, experiment: str) -> _RecordedExperiment:
        plan: ExperimentPlan | None = None
        runs: dict[tuple[str, str, str, int], _RecordedRun] = {}
        spent = ZERO
        for events in home.store.events_of_experiment(experiment):
            record = RunRecord.of(events)
            start = record.start
            plan = ExperimentPlan.from_record(start.agent["plan"])
            key = (start.task_id or "", start.planner, start.agent["budget"], start.repeat)
            runs[key] = _known(record)
            spent += record.spent
        return cls(plan, runs, spent)


def _known(record: RunRecord) -> _RecordedRun:
    end = record.end
    status = end.status if end else "cancelled"
    counts = _RunCounts.from_spend(record.start.run, status, record.spent, record.seconds)
    finished = end is not None and status != "cancelled"
    score = record.score if finished else None
    return _RecordedRun(
        record.start.run, record.start.memory, counts, score.score if score else None,
        score.metrics if score else {}, record.events,
    )  # fmt: skip


def agent_for(
    plan: ExperimentPlan,
    of: Suite,
    task: Task,
    planner: Planner | str,
    budget: str,
    repeat: int,
    policy: Policy,
    prices: PriceBook,
    home: Home,
    learning: Experience | None = None,
    world: World | None = None,
) -> Agent:
    """Returns the agent of one cell of an experiment, in its world or in a fresh one."""
    given = ExperienceContext(memory=memory(plan.memory), system=of.system_prompt)
    if learning is not None:
        named = planner if isinstance(planner, str) else planner.name
        given = learning.given(task, given, draw=f"{task.id}/{named}/{budget}/{repeat}/{plan.seed}")
    return Agent(
        model=policy,
        tools=(world or of.world(task)).tools(),
        planner=planner,
        memory=given.memory,
        budget=budget,
        prices=prices,
        home=home.path,
        options=AgentOptions(system=given.system, seed=plan.seed + repeat),
    )


def learning_of(plan: ExperimentPlan, of: Suite, home: Home) -> Experience | None:
    """Returns what the runs of a plan may learn from, or None where it names nothing.

    Raises:
        UsageError: it names an experiment that there is not, or one of another suite.
    """
    if not plan.learn_from:
        return None
    return Experience(home, plan.learn_from, of, of.tasks(plan.tasks, plan.seed))


def _new_id(plan: ExperimentPlan) -> str:
    return f"{plan.suite}-{new_run_id()}"
