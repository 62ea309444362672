"""A race of set-ups: what is raced, how each candidate fared, and whether one has won."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from statistics import fmean

from ...ledger.errors import UsageError
from ..errors import are_too_many
from ..results import ResultRow, Setup
from .experiment import ExperimentPlan

SURE = 0.05
"""Chance at most that a candidate is named the winner without being the best."""


@dataclass(frozen=True, kw_only=True)
class RaceSpec:
    """What is raced."""

    candidates: tuple[ExperimentPlan, ...]
    """Each with one planner and one budget; all with the same suite, knobs, seed, tasks and
    repeats."""
    block: int = 20
    """Tasks between two looks at the standings."""
    alpha: float = 0.2
    """Chance at most that the best candidate is dropped."""
    keep: int = 1
    """Candidates at which the race ends; one is dropped once so many others are better."""

    def __post_init__(self) -> None:
        if len(self.candidates) < 2:
            raise UsageError("a race needs two candidates: name another planner, model or budget")
        if not 0 < self.alpha < 1:
            raise UsageError(f"alpha {self.alpha} is no chance: give a number between 0 and 1")
        if not 0 < self.keep < len(self.candidates):
            raise UsageError(
                f"keeping {self.keep} of {len(self.candidates)} candidates leaves nothing to race: "
                f"keep 1 to {len(self.candidates) - 1}"
            )

    @property
    def tasks(self) -> int:
        """Tasks that a candidate meets which is never dropped."""
        return self.candidates[0].tasks

    @property
    def blocks(self) -> int:
        return ceil(self.tasks / self.block)

    @property
    def tests(self) -> int:
        """Comparisons that could wrongly drop the best candidate: with each rival, each block."""
        return self.blocks * (len(self.candidates) - 1)


@dataclass(frozen=True, kw_only=True)
class RaceStanding:
    """How one candidate fared."""

    setup: Setup
    experiment: str
    rows: tuple[ResultRow, ...]
    """All its runs, those of a block that the money did not cover too."""
    shares: Mapping[str, float]
    """Share of success by task, of the tasks that it is judged by."""
    dropped_after: int | None
    """Tasks after which it was dropped; None if it was not."""
    lead: float | None
    """p-value that the leader is better, corrected for all rivals and blocks; None for itself."""

    @property
    def is_doubtful(self) -> bool:
        """Whether errors ended so many of its runs that it is no fair rival."""
        return are_too_many(self.rows)

    @property
    def judged(self) -> list[ResultRow]:
        """The runs that it is judged by."""
        return [row for row in self.rows if row.finished and row.task in self.shares]


@dataclass(frozen=True, kw_only=True)
class RaceOutcome:
    """What came of a race."""

    race: str
    plan: RaceSpec
    standings: tuple[RaceStanding, ...]
    """In the order of the candidates."""
    leader: Setup | None
    """The best of those that were not dropped, by the share of success and then by cost; None if
    the money did not last for a block, or errors dropped all."""
    money_out: bool
    """True if the race ended because its money did. The block that it ended in counts for
    nothing but money: who ran last had least."""

    @property
    def winner(self) -> Setup | None:
        """The leader if it was shown to be better than every other candidate, else None."""
        leads = [each.lead for each in self.standings if each.lead is not None]
        sure = len(leads) == len(self.standings) - 1 and all(lead <= SURE for lead in leads)
        return self.leader if sure else None

    @property
    def rows(self) -> list[ResultRow]:
        return [row for standing in self.standings for row in standing.rows]

    @property
    def runs(self) -> int:
        """Runs that were made."""
        return sum(row.status != "not_started" for row in self.rows)

    @property
    def full_runs(self) -> int:
        """Runs of the full grid."""
        return sum(plan.tasks * plan.repeats for plan in self.plan.candidates)

    @property
    def spent(self) -> Decimal:
        return sum((row.cost_usd for row in self.rows), Decimal(0))

    @property
    def saved(self) -> float:
        """USD that the runs not made would have cost at their candidate's mean cost so far."""
        saved = 0.0
        for standing, plan in zip(self.standings, self.plan.candidates, strict=True):
            made = [float(row.cost_usd) for row in standing.rows if row.status != "not_started"]
            saved += (plan.tasks * plan.repeats - len(made)) * fmean(made or [0.0])
        return saved
