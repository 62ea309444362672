"""What-ifs over a whole experiment: success against budget, from the logs alone, for free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ...agent import Agent, Home, RunRecord, WhatIf
from ...ledger.budget import Budget
from ...ledger.errors import UsageError
from ...ledger.prices.price_book import PriceBook
from ..cells import Cell
from ..runner import agent_for
from ..suite import is_success
from .experiment import ExperimentPlan, sources_of, spec_of


@dataclass(frozen=True, kw_only=True)
class WhatIfRow:
    """A set-up of the experiment under one other budget."""

    planner: str
    recorded: str
    """The budget that its runs had."""
    budget: str
    runs: int
    exact: int
    """Runs of which is known to their end what they would have come to."""
    successes: int
    """Exact runs that succeed."""
    mean_usd: Decimal | None
    """Mean cost of the exact runs in USD, or None without any."""
    why: str
    """What most of the others would have had otherwise; "" without any."""

    @property
    def at_least(self) -> float:
        """The share of success if every unknown run failed."""
        return self.successes / self.runs

    @property
    def at_most(self) -> float:
        """The share of success if every unknown run succeeded."""
        return (self.successes + self.runs - self.exact) / self.runs


async def suppose(
    experiment: str, budgets: Sequence[str], *, home: Home, prices: PriceBook
) -> list[WhatIfRow]:
    """Returns what each set-up of an experiment would have come to under each budget.

    Raises:
        UsageError: there is no such experiment, or none of its runs has ended and been scored.
    """
    records = [RunRecord.of(events) for events in home.store.events_of_experiment(experiment)]
    ended = [r for r in records if r.end is not None and _score(r) is not None]
    if not ended:
        raise UsageError(f"experiment {experiment!r} has no scored runs: see `outlay runs`")
    rebuilt = _RebuiltAgents(ended[0], home, prices)
    groups: dict[tuple[str, str], list[RunRecord]] = {}
    for record in ended:
        start = record.start
        groups.setdefault((start.planner, start.agent["budget"]), []).append(record)
    try:
        return [
            await _supposed(rebuilt, setup, group, budget)
            for setup, group in groups.items()
            for budget in budgets
        ]
    finally:
        await rebuilt.close()


async def what_if(
    record: RunRecord, budget: Budget | None, *, home: Home, prices: PriceBook
) -> WhatIf:
    """Returns the what-if of one run of an experiment."""
    rebuilt = _RebuiltAgents(record, home, prices)
    try:
        return await rebuilt.agent(record).what_if(record.start.run, budget=budget, prices=prices)
    finally:
        await rebuilt.close()


class _RebuiltAgents:
    """The agents of an experiment, built again from the plan that its runs are recorded with."""

    def __init__(self, one: RunRecord, home: Home, prices: PriceBook) -> None:
        plan = ExperimentPlan.from_record(one.start.agent["plan"])
        self._sources = sources_of(plan, home, prices)
        self._spec = spec_of(plan, one.start.experiment or "", self._sources)

    def agent(self, record: RunRecord) -> Agent:
        return agent_for(Cell.of(record.start), self._spec, self._sources)

    async def close(self) -> None:
        await self._sources.policy.close()


async def _supposed(
    rebuilt: _RebuiltAgents, setup: tuple[str, str], group: Sequence[RunRecord], budget: str
) -> WhatIfRow:
    found = [
        await rebuilt.agent(record).what_if(record.start.run, budget=budget) for record in group
    ]
    exact = [place for place, one in enumerate(found) if one.exact]
    spent = [found[place].spend.usd for place in exact]
    return WhatIfRow(
        planner=setup[0], recorded=setup[1], budget=budget, runs=len(group), exact=len(exact),
        successes=sum(is_success(_score(group[place]) or 0) for place in exact),
        mean_usd=sum(spent, Decimal(0)) / len(spent) if spent else None,
        why=_most([one.why for one in found if not one.exact]),
    )  # fmt: skip


def _most(reasons: Iterable[str]) -> str:
    """Returns the most frequent sort of reason, by its first words."""
    counts: dict[str, int] = {}
    for reason in reasons:
        sort = reason.partition(":")[0].partition(" instead of")[0].partition(" '")[0]
        counts[sort] = counts.get(sort, 0) + 1
    return max(counts, key=lambda sort: counts[sort], default="")


def _score(record: RunRecord) -> float | None:
    return None if record.score is None else record.score.score
