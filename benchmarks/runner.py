"""The runner of a cell: builds its agent, lets it run, judges its answer and files the score."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..agent import Agent, AgentOptions, Home
from ..journal.events import Event
from ..journal.listeners import Listener
from ..ledger.account import Account
from ..ledger.amount import ZERO
from ..ledger.errors import BudgetError
from ..ledger.prices.price_book import PriceBook
from ..memory import memory
from ..planners import Planner
from ..policies import Policy
from .cells import Cell, CellKey, RunSpec
from .experiments.experience import Experience, ExperienceContext
from .experiments.experiment_record import RecordedCell
from .refusals import refused_calls
from .results import ResultRow, RunCounts, is_broken
from .suite import Suite, Task, World, is_success, judge, metrics, restore


@dataclass(frozen=True, kw_only=True)
class RunSources:
    """The objects of this process that runs are made with."""

    suite: Suite
    tasks: Mapping[str, Task]
    """By id."""
    policy: Policy
    prices: PriceBook
    home: Home
    planners: Mapping[str, Planner] = field(default_factory=dict)
    """By name; one that is missing is made for each run."""
    experience: Experience | None = None
    """What the runs may learn from."""


def agent_for(
    cell: Cell, spec: RunSpec, sources: RunSources, *, world: World | None = None
) -> Agent:
    """Returns the agent of a cell, in its world or in a fresh one."""
    suite, task = sources.suite, sources.tasks[cell.task]
    system = f"{suite.system_prompt}\n\n{spec.system}" if spec.system else suite.system_prompt
    given = ExperienceContext(memory=memory(spec.memory), system=system)
    if sources.experience is not None:
        draw = f"{task.id}/{cell.planner}/{cell.budget}/{cell.repeat}/{spec.seed}"
        given = sources.experience.given(task, given, draw=draw)
    return Agent(
        model=sources.policy,
        tools=(world or suite.world(task)).tools(),
        planner=sources.planners.get(cell.planner, cell.planner),
        memory=given.memory,
        budget=cell.budget,
        prices=sources.prices,
        home=sources.home.path,
        options=AgentOptions(
            system=given.system,
            temperature=spec.temperature,
            seed=cell.seed,
            max_output=spec.max_output,
        ),
    )


class CellRunner:
    """Runs the cells of one experiment under one account.

    Args:
        account: pays for all runs together.
        recorded: what an earlier process made of the cells: what is scored is not run again,
            what was begun is resumed.
    """

    def __init__(
        self,
        spec: RunSpec,
        sources: RunSources,
        account: Account,
        *,
        recorded: Mapping[CellKey, RecordedCell] | None = None,
    ) -> None:
        self._spec = spec
        self._sources = sources
        self._account = account
        self._recorded = recorded or {}

    async def row(self, cell: Cell) -> ResultRow:
        """Returns the row of a cell: recorded, run now, or not started for want of money."""
        known = self._recorded.get(cell.key)
        if known is not None and known.score is not None:
            return self._row(cell, known.memory, known.counts, known.score, known.metrics)
        agent, world = self._agent(cell)
        try:
            return await self._judged(cell, agent, world, known=known)
        except BudgetError:
            counts = RunCounts.of("", "not_started", ZERO, 0.0)
            return self._row(cell, agent.memory.name, counts, None, {})

    def check(self, cell: Cell) -> None:
        """Raises BudgetError if the cell's budget cannot pay for one call and what comes last."""
        agent, _ = self._agent(cell)
        agent.check(self._sources.tasks[cell.task].prompt)

    async def run(self, cell: Cell, *, listen: Listener | None = None) -> ResultRow:
        """Runs a cell, whatever is recorded of it, and returns its row.

        Args:
            listen: is called with each event of the run after it is written.

        Raises:
            BudgetError: the cell's budget or the account cannot pay for one call.
        """
        agent, world = self._agent(cell)
        return await self._judged(cell, agent, world, listen=listen)

    def _agent(self, cell: Cell) -> tuple[Agent, World]:
        world = self._sources.suite.world(self._sources.tasks[cell.task])
        return agent_for(cell, self._spec, self._sources, world=world), world

    async def _judged(
        self,
        cell: Cell,
        agent: Agent,
        world: World,
        *,
        known: RecordedCell | None = None,
        listen: Listener | None = None,
    ) -> ResultRow:
        """Lets an agent run or go on, judges what comes of it and files the score."""
        suite, task = self._sources.suite, self._sources.tasks[cell.task]
        account = self._account
        refused = refused_calls(known.events if known is not None else ())

        def hear(event: Event) -> None:
            refused.update(refused_calls((event,)))
            if listen is not None:
                listen(event)

        if known is not None:
            restore(world, known.events)
            result = await agent.resume(known.counts.run, account=account, listen=hear)
        else:
            labels = self._spec.labels(cell)
            result = await agent.run(task.prompt, account=account, labels=labels, listen=hear)
        counts = RunCounts.of(
            result.run, result.status, result.spend, result.seconds, dict(refused),
            result.reason, result.why,
        )  # fmt: skip
        if is_broken(result.status, result.reason):  # goes on when the experiment is resumed
            return self._row(cell, agent.memory.name, counts, None, {})
        score = judge(suite, task, world, result.answer)
        told = metrics(suite.scorer, task, result.text)
        self._sources.home.write_score(result.run, score, success=is_success(score), metrics=told)
        return self._row(cell, agent.memory.name, counts, score, told)

    def _row(
        self,
        cell: Cell,
        memory: str,
        counts: RunCounts,
        score: float | None,
        told: Mapping[str, float],
    ) -> ResultRow:
        task = self._sources.tasks[cell.task]
        return ResultRow(
            task=cell.task,
            hops=task.hops,
            kind=task.kind,
            planner=cell.planner,
            memory=memory,
            policy=self._sources.policy.name,
            budget=cell.budget,
            repeat=cell.repeat,
            seed=self._spec.seed,
            score=score,
            gold_cost_usd=task.gold_cost,
            metrics=dict(told),
            **dataclasses.asdict(counts),
        )
