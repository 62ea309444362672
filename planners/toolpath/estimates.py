"""What tools are found to cost and to be good for, by the material that they work on.

What the catalogue declares counts as a little experience; what was seen adds to it. A tool on a
material that it was seldom seen on is taken to be as on other materials.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from decimal import Decimal

from .ability import ToolAbility
from .trace import TraceStep

PRIOR = 2.0
"""So many calls the catalogue's word counts as."""
POOLED = 2.0
"""So many calls on one material all that is known of the tool counts as."""


@dataclass(frozen=True)
class BetaEstimate:
    """A share from 0 to 1 with its uncertainty: a Beta distribution.

    Qualities are shares too: each counts as that much of a success.
    """

    yes: float
    no: float

    @property
    def mean(self) -> float:
        return self.yes / (self.yes + self.no)

    @property
    def error(self) -> float:
        """The standard deviation."""
        n = self.yes + self.no
        return math.sqrt(self.yes * self.no / (n + 1)) / n


@dataclass(frozen=True)
class MeanEstimate:
    """A quantity with its uncertainty: the mean of what was seen and its standard error."""

    n: float
    mean: float
    spread: float = 0.0
    """The sum of squared differences from the mean."""

    @property
    def error(self) -> float:
        """The standard error; inf before two values are seen."""
        return math.sqrt(self.spread / (self.n - 1) / self.n) if self.n > 1 else math.inf


@dataclass(frozen=True)
class ToolTally:
    """Sums over the calls of one tool on one material."""

    tool: str
    material: str
    _: KW_ONLY
    calls: int = 0
    successes: int = 0
    priced: int = 0
    """Calls with a known price."""
    usd: float = 0.0
    usd_squares: float = 0.0
    timed: int = 0
    seconds: float = 0.0
    seconds_squares: float = 0.0
    measured: int = 0
    quality: float = 0.0

    def plus(self, step: TraceStep) -> ToolTally:
        usd = None if step.usd is None else float(step.usd)
        return replace(
            self,
            calls=self.calls + 1,
            successes=self.successes + step.ok,
            priced=self.priced + (usd is not None),
            usd=self.usd + (usd or 0.0),
            usd_squares=self.usd_squares + (usd or 0.0) ** 2,
            timed=self.timed + (step.seconds is not None),
            seconds=self.seconds + (step.seconds or 0.0),
            seconds_squares=self.seconds_squares + (step.seconds or 0.0) ** 2,
            measured=self.measured + (step.ok and step.quality is not None),
            quality=self.quality + ((step.quality or 0.0) if step.ok else 0.0),
        )


@dataclass(frozen=True, kw_only=True)
class ToolEstimate:
    """What a call of a tool is expected to come to."""

    success: BetaEstimate
    usd: MeanEstimate
    seconds: MeanEstimate
    quality: BetaEstimate
    """Of what passes the check."""

    def ability(self, declared: ToolAbility) -> ToolAbility:
        """Returns what was declared, with these figures in place of those."""
        usd = None if math.isnan(self.usd.mean) else Decimal(repr(self.usd.mean))
        return replace(
            declared, usd=usd, seconds=self.seconds.mean, success=self.success.mean,
            quality=self.quality.mean,
        )  # fmt: skip


@dataclass(frozen=True)
class ToolEstimates:
    """Tallies by tool and material."""

    tallies: Mapping[tuple[str, str], ToolTally] = field(default_factory=dict)

    @classmethod
    def of(cls, tallies: Iterable[ToolTally]) -> ToolEstimates:
        return cls({(tally.tool, tally.material): tally for tally in tallies})

    def plus(self, steps: Iterable[TraceStep], material: str) -> ToolEstimates:
        """Returns the estimates with further steps on a material."""
        tallies = dict(self.tallies)
        for step in steps:
            key = (step.tool, material)
            tallies[key] = tallies.get(key, ToolTally(*key)).plus(step)
        return ToolEstimates(tallies)

    def of_tools(self, tools: Iterable[str]) -> ToolEstimates:
        """Returns the estimates of some tools only."""
        wanted = frozenset(tools)
        return ToolEstimates({key: t for key, t in self.tallies.items() if key[0] in wanted})

    def estimate(self, tool: str, declared: ToolAbility, material: str) -> ToolEstimate:
        """Returns what a call is expected to come to."""
        usd = math.nan if declared.usd is None else float(declared.usd)
        word = ToolEstimate(
            success=_chance(declared.success, PRIOR),
            usd=MeanEstimate(PRIOR, usd),
            seconds=MeanEstimate(PRIOR, declared.seconds),
            quality=_chance(declared.quality, PRIOR),
        )
        every = [tally for (name, _), tally in self.tallies.items() if name == tool]
        pooled = _updated(word, every, PRIOR)
        here = self.tallies.get((tool, material))
        if here is None or len(every) == 1:
            return pooled
        return _updated(pooled, [here], POOLED)

    def abilities(
        self, declared: Mapping[str, ToolAbility], material: str
    ) -> dict[str, ToolAbility]:
        """Returns the abilities of a catalogue as they are found to be on a material."""
        return {
            tool: self.estimate(tool, ability, material).ability(ability)
            for tool, ability in declared.items()
        }


def _chance(mean: float, n: float) -> BetaEstimate:
    return BetaEstimate(mean * n, (1 - mean) * n)


def _updated(prior: ToolEstimate, tallies: Iterable[ToolTally], n: float) -> ToolEstimate:
    """Returns an estimate that starts from another one, which counts as `n` calls."""
    seen = list(tallies)
    good = _chance(prior.success.mean, n)
    fine = _chance(prior.quality.mean, n)
    quality = sum(t.quality for t in seen)
    return ToolEstimate(
        success=BetaEstimate(
            good.yes + sum(t.successes for t in seen),
            good.no + sum(t.calls - t.successes for t in seen),
        ),
        usd=_mean(prior.usd.mean, n, [(t.priced, t.usd, t.usd_squares) for t in seen]),
        seconds=_mean(
            prior.seconds.mean, n, [(t.timed, t.seconds, t.seconds_squares) for t in seen]
        ),
        quality=BetaEstimate(
            fine.yes + quality,
            fine.no + sum(t.measured for t in seen) - quality,
        ),
    )


def _mean(prior: float, n: float, sums: Iterable[tuple[int, float, float]]) -> MeanEstimate:
    counts, totals, squares = (
        math.fsum(column) for column in zip(*sums, (0, 0.0, 0.0), strict=True)
    )
    if math.isnan(prior):
        n, prior = 0.0, (0.0 if counts else math.nan)
    if not counts:
        return MeanEstimate(n, prior)
    mean = (n * prior + totals) / (n + counts)
    spread = squares + n * prior**2 - (n + counts) * mean**2
    return MeanEstimate(n + counts, mean, max(spread, 0.0))
