"""Rollouts: tasks played by the ordinary agent, sampled, under one account for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from ...agent import Home
from ...benchmarks.cells import Cell, RunSpec
from ...benchmarks.engines import IN_PROCESS
from ...benchmarks.runner import CellRunner, RunSources
from ...benchmarks.suite import Suite, Task
from ...journal.events import Event
from ...ledger.account import Account
from ...ledger.budget import Budget
from ...ledger.prices.price_book import PriceBook
from ...policies import Policy
from .outcome import Outcome, outcome
from .rows import TrainingRow, rows


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """One run, to be learned from."""

    outcome: Outcome
    rows: tuple[TrainingRow, ...]


@dataclass(frozen=True, kw_only=True)
class RolloutConfig:
    """Where and how is played."""

    suite: Suite
    planner: str
    memory: str
    budgets: tuple[str, ...]
    """Of a single run; a task's rollouts of one round all have the same one."""
    temperature: float = 1.0
    concurrency: int = 32


async def play(
    policy: Policy,
    stage: RolloutConfig,
    tasks: Mapping[str, Task],
    counts: Mapping[str, int],
    *,
    round: int,
    account: Account,
    home: Home,
    prices: PriceBook,
    experiment: str,
) -> list[Rollout]:
    """Plays tasks so many times each; returns the runs in the tasks' order.

    A run is played only while the account can pay its whole budget: one that was starved by
    others would be blamed for it. Every run is recorded and judged like any other.

    Args:
        counts: rollouts by task.
        round: the number of the round: it decides budgets and random draws.
    """
    cells = [
        Cell(
            task=name, planner=stage.planner,
            budget=stage.budgets[(place + round) % len(stage.budgets)], repeat=repeat,
            seed=1_000_003 * round + 1_009 * place + repeat,
        )
        for place, (name, count) in enumerate(counts.items())
        for repeat in range(count)
    ]  # fmt: skip
    spec = RunSpec(
        experiment=experiment, memory=stage.memory, seed=round, temperature=stage.temperature
    )
    sources = RunSources(suite=stage.suite, tasks=tasks, policy=policy, prices=prices, home=home)
    runner, room = CellRunner(spec, sources, account), _RolloutBudget(account)

    async def rollout(cell: Cell) -> Rollout | None:
        events: list[Event] = []
        async with room.taken(Budget.parse(cell.budget).usd) as fits:
            if not fits:
                return None
            row = await runner.run(cell, listen=events.append)
        return Rollout(outcome=replace(outcome(events), score=row.score), rows=rows(events))

    played: dict[int, Rollout | None] = {}
    async with aclosing(IN_PROCESS.run(cells, rollout, concurrency=stage.concurrency)) as ended:
        async for place, made in ended:
            played[place] = made
    in_order = (played[place] for place in sorted(played))
    return [made for made in in_order if made is not None]


class _RolloutBudget:
    """What an account can still pay, with the whole budgets of the runs under way set aside."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._aside = Decimal(0)
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def taken(self, usd: Decimal | None) -> AsyncIterator[bool]:
        """Waits until so much is left, or no run is under way any more; yields whether it is."""
        need = usd or Decimal(0)
        async with self._changed:
            await self._changed.wait_for(lambda: self._fits(need) or not self._aside)
            fits = self._fits(need)
            self._aside += need if fits else 0
        try:
            yield fits
        finally:
            async with self._changed:
                self._aside -= need if fits else 0
                self._changed.notify_all()

    def _fits(self, need: Decimal) -> bool:
        left = self._account.remaining("usd")
        return left is None or self._aside + need <= left
