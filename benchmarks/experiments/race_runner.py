"""Races: candidates meet the same tasks block by block, and those clearly behind are dropped.

The scheme is CAPO's (Zehle et al. 2025, arXiv 2504.16005): after each block a candidate goes once
at least `keep` others are better. Two things are stricter. `alpha` is divided by the number of
rivals and of blocks (Bonferroni), so it bounds the chance that the best candidate is dropped
anywhere in the race. And the test is the exact paired permutation test over tasks, whose level
holds however few tasks there are and however rarely two candidates differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from ...agent import Home, new_run_id
from ...ledger.budget import Budget
from ...ledger.errors import UsageError
from ..errors import are_too_many
from ..results import ResultRow, Setup
from ..statistics import sign_flip, task_means
from .experiment import ExperimentProgress, OnRow, run_experiment
from .race import RaceOutcome, RaceSpec, RaceStanding

OnBlock = Callable[[int, Sequence[Setup], Sequence[Setup]], None]
"""Is told the tasks met so far, who is still in, and who was dropped just now."""


async def run_race(
    race: RaceSpec,
    *,
    name: str | None = None,
    home: Path | None = None,
    prices: Path | None = None,
    concurrency: int = 16,
    total_budget: str | None = None,
    on_row: OnRow = lambda row, progress: None,
    on_start: Callable[[str], None] = lambda race: None,
    on_block: OnBlock = lambda tasks, running, dropped: None,
) -> RaceOutcome:
    """Runs a race. Candidate n is the experiment `NAME.n`.

    Args:
        name: a race that was interrupted: what is recorded of it is not run again, and as the
            same results give the same decisions, it goes on where it stopped.
        concurrency: runs under way at once.
        total_budget: USD that the whole race may spend, `usd=…`; what was spent counts.

    Raises:
        UsageError: a plan makes no sense, the total budget limits anything but money, or another
            process goes on with the race.
    """
    options = _RaceOptions(
        limit_usd=_usd(total_budget), home=home, prices=prices, concurrency=concurrency
    )
    name = name or f"{race.candidates[0].suite}-{new_run_id()}"
    track = _RaceState(race, name, options, on_row)
    with Home.at(home).own(f"race {name}"):
        on_start(name)
        return await _run_blocks(race, track, on_block)


async def _run_blocks(race: RaceSpec, track: _RaceState, on_block: OnBlock) -> RaceOutcome:
    running = list(range(len(race.candidates)))
    for block in range(1, race.blocks + 1):
        tasks = min(block * race.block, race.tasks)
        for place in running:
            await track.run(place, tasks, running)
            if track.is_short(place):
                return track.outcome(running, money_out=True)
        track.judge(running)
        broken = [place for place in running if are_too_many(track.rows[place])]
        sound = [place for place in running if place not in broken]
        gone = [*broken, *behind(track.shares, sound, race)]
        for place in gone:
            track.dropped_after[place] = tasks
        running = [place for place in running if place not in gone]
        on_block(tasks, track.setups(running), track.setups(gone))
        if len(running) <= race.keep:
            break
    return track.outcome(running, money_out=False)


def behind(
    shares: Sequence[Mapping[str, float]], running: Sequence[int], race: RaceSpec
) -> list[int]:
    """Returns the candidates among `running` that at least `keep` others of them are better than.

    Args:
        shares: share of success per task, by candidate.
    """
    level = race.alpha / race.tests
    gone = []
    for place in running:
        better = sum(
            _p_better(shares[rival], shares[place]) <= level for rival in running if rival != place
        )
        if better >= race.keep:
            gone.append(place)
    return gone


def _p_better(ahead: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sign_flip([ahead[task] - other[task] for task in ahead if task in other], "greater")


def _shares(rows: Sequence[ResultRow]) -> dict[str, float]:
    return task_means((row.task, float(row.success)) for row in rows if row.finished)


def _usd(total_budget: str | None) -> Decimal | None:
    if total_budget is None:
        return None
    budget = Budget.parse(total_budget)
    if list(budget.limits) != ["usd"] or budget.seconds is not None:
        raise UsageError(f"a race is limited in USD: write usd=5, not {total_budget}")
    return budget.usd


@dataclass(frozen=True, kw_only=True)
class _RaceOptions:
    """Where and with how much money a race is run."""

    limit_usd: Decimal | None
    """What the whole race may spend; None for no limit."""
    home: Path | None
    prices: Path | None
    concurrency: int
    """Runs under way at once."""


class _RaceState:
    """The candidates of a race on their way."""

    def __init__(self, race: RaceSpec, name: str, options: _RaceOptions, on_row: OnRow) -> None:
        self.rows: list[list[ResultRow]] = [[] for _ in race.candidates]
        self.shares: list[dict[str, float]] = [{} for _ in race.candidates]
        self.dropped_after: dict[int, int] = {}
        self._race = race
        self._name = name
        self._options = options
        self._on_row = on_row
        self._done: set[tuple[int, str, int]] = set()

    async def run(self, place: int, tasks: int, running: Sequence[int]) -> None:
        """Brings one candidate to so many tasks, with what the others have left of the limit."""
        limit = self._options.limit_usd
        others = self._spent() - self._spent(place)

        def tell(row: ResultRow, progress: ExperimentProgress) -> None:
            cell = (place, row.task, row.repeat)
            if cell in self._done:
                return
            self._done.add(cell)
            spent = others + progress.spent_usd
            self._on_row(
                row, ExperimentProgress(len(self._done), self._total(running), spent, limit)
            )

        outcome = await run_experiment(
            replace(self._race.candidates[place], tasks=tasks),
            resume=self._experiment(place),
            home=self._options.home,
            prices=self._options.prices,
            concurrency=self._options.concurrency,
            total_budget=None if limit is None else f"usd={limit - others:f}",
            on_row=tell,
        )
        self.rows[place] = outcome.rows

    def is_short(self, place: int) -> bool:
        """Says whether the limit may have cut a run of a candidate short.

        It cannot have as long as it leaves what a single run may cost: its own limit, or without
        one in USD, twice the dearest run.
        """
        limit = self._options.limit_usd
        if limit is None:
            return False
        rows, (budget,) = self.rows[place], self._race.candidates[place].budgets
        most = Budget.parse(budget).usd
        if most is None:
            most = 2 * max(row.cost_usd for row in rows)
        late = any(row.status == "not_started" for row in rows)
        return late or limit - self._spent() < most

    def judge(self, running: Sequence[int]) -> None:
        """Takes the block into account."""
        for place in running:
            self.shares[place] = _shares(self.rows[place])

    def setups(self, places: Sequence[int]) -> list[Setup]:
        return [self._setup(place) for place in places]

    def outcome(self, running: Sequence[int], *, money_out: bool) -> RaceOutcome:
        leader = self._leader(running)
        standings = []
        for place, rows in enumerate(self.rows):
            lead = None
            if leader is not None and place != leader:
                p = _p_better(self.shares[leader], self.shares[place])
                lead = min(1.0, self._race.tests * p)
            standings.append(
                RaceStanding(
                    setup=self._setup(place),
                    experiment=self._experiment(place),
                    rows=tuple(rows),
                    shares=self.shares[place],
                    dropped_after=self.dropped_after.get(place),
                    lead=lead,
                )
            )
        return RaceOutcome(
            race=self._name,
            plan=self._race,
            standings=tuple(standings),
            leader=None if leader is None else self._setup(leader),
            money_out=money_out,
        )

    def _setup(self, place: int) -> Setup:
        if self.rows[place]:
            return self.rows[place][0].setup
        plan = self._race.candidates[place]
        return Setup(plan.planners[0], plan.memory, plan.policy, plan.budgets[0])

    def _leader(self, running: Sequence[int]) -> int | None:
        tasks = [set(self.shares[place]) for place in running]
        common = set.intersection(*tasks) if tasks else set()
        if not common:
            return None

        def merit(place: int) -> tuple[float, float]:
            costs = [row.cost_usd for row in self.rows[place] if row.task in common]
            won = sum(self.shares[place][task] for task in common)
            return round(won, 9), -float(sum(costs, Decimal(0)))

        return max(running, key=merit)

    def _experiment(self, place: int) -> str:
        return f"{self._name}.{place + 1}"

    def _spent(self, *places: int) -> Decimal:
        chosen = [self.rows[place] for place in places] if places else self.rows
        return sum((row.cost_usd for rows in chosen for row in rows), Decimal(0))

    def _total(self, running: Sequence[int]) -> int:
        """Returns how many runs there will be if nobody else is dropped."""
        made = sum(len(rows) for place, rows in enumerate(self.rows) if place not in running)
        each = self._race.candidates[0]
        return made + len(running) * each.tasks * each.repeats
