"""What is logged of earlier runs, and what it lets one expect of the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal

PRIOR_RUNS = 2
"""How many runs of a task class the runs of all other classes count for together."""


@dataclass(frozen=True, kw_only=True)
class RunTally:
    """Runs that have something in common, counted. Sums, so that tallies can be added."""

    runs: int = 0
    judged: int = 0
    """Those whose answer somebody has judged."""
    solved: int = 0
    """Those whose answer was judged right."""
    priced: int = 0
    """Those whose cost is known in full."""
    usd: Decimal = Decimal(0)
    """What the priced ones cost together: realised, not list prices."""
    output_tokens: int = 0
    solved_output_tokens: int = 0
    """Output tokens of the solved ones."""
    tool_calls: int = 0

    def __add__(self, other: RunTally) -> RunTally:
        names = [each.name for each in fields(self)]
        return RunTally(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def mean_usd(self) -> Decimal | None:
        return self.usd / self.priced if self.priced else None

    @property
    def mean_output_tokens(self) -> float | None:
        return self.output_tokens / self.runs if self.runs else None

    @property
    def mean_tool_calls(self) -> float | None:
        return self.tool_calls / self.runs if self.runs else None


@dataclass(frozen=True, kw_only=True)
class RunForecast:
    """What to expect of one more run."""

    success: float
    """Probability of success: the mean of a Beta distribution."""
    deviation: float
    """Its standard deviation."""
    usd: Decimal | None
    """Price of a run in USD, or None where nothing is known."""

    def net(self, worth: Decimal) -> Decimal:
        """Returns the USD that a run is expected to gain where a success is worth so many."""
        return Decimal(self.success) * worth - (self.usd or 0)

    @property
    def cost_of_pass(self) -> Decimal:
        """USD per success (Cost-of-Pass, 2025, arXiv 2504.13359)."""
        return (self.usd or Decimal(0)) / Decimal(self.success)


@dataclass(frozen=True)
class RoutingStats:
    """Tallies by task class and by what the runs have in common.

    That is `""` (the class), `model:NAME` (all policy calls went to this one) or `mode:NAME` (what
    the planner `auto` chose). The class `""` has the runs that were filed under none.
    """

    tallies: Mapping[tuple[str, str], RunTally] = field(default_factory=dict)

    def of(self, task_class: str, arm: str = "") -> RunTally:
        """Returns the tally of a class."""
        return self.tallies.get((task_class, arm), RunTally())

    def elsewhere(self, task_class: str, arm: str = "") -> RunTally:
        """Returns the tally of all other classes together."""
        others = (t for (kind, key), t in self.tallies.items() if key == arm and kind != task_class)
        return sum(others, RunTally())

    def expected(self, task_class: str, arm: str) -> RunForecast:
        """Returns what to expect of one more run.

        The rate elsewhere, itself drawn toward one half, counts like `PRIOR_RUNS` runs here; so
        does the price elsewhere. The more runs the class has of its own, the less that weighs.
        """
        here, there = self.of(task_class, arm), self.elsewhere(task_class, arm)
        rate = (there.solved + 1) / (there.judged + 2)
        hits = here.solved + PRIOR_RUNS * rate
        misses = here.judged - here.solved + PRIOR_RUNS * (1 - rate)
        total = hits + misses
        return RunForecast(
            success=hits / total,
            deviation=(hits * misses / (total * total * (total + 1))) ** 0.5,
            usd=_price(here, there),
        )


def _price(here: RunTally, there: RunTally) -> Decimal | None:
    before = there.mean_usd
    if before is None:
        return here.mean_usd
    return (here.usd + PRIOR_RUNS * before) / (here.priced + PRIOR_RUNS)
