"""What tools are found to cost and to be good for, by the material that they work on.

What the catalogue declares counts as a little experience; what was seen adds to it. A tool on a
material that it was seldom seen on is taken to be as on other materials.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from .ability import Ability
from .trace import Step

PRIOR = 2.0
"""So many calls the catalogue's word counts as."""
POOLED = 2.0
"""So many calls on one material all that is known of the tool counts as."""


@dataclass(frozen=True)
class Chance:
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
class Mean:
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
class Tally:
    """Sums over the calls of one tool on one material."""

    tool: str
    material: str
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

    def plus(self, step: Step) -> Tally:
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
class Estimate:
    """What a call of a tool is expected to come to."""

    success: Chance
    usd: Mean
    seconds: Mean
    quality: Chance
    """Of what passes the check."""

    def ability(self, declared: Ability) -> Ability:
        """Returns what was declared, with these figures in place of those."""
        usd = None if math.isnan(self.usd.mean) else Decimal(repr(self.usd.mean))
        return replace(
            declared, usd=usd, seconds=self.seconds.mean, success=self.success.mean,
            quality=self.quality.mean,
        )  # fmt: skip


@dataclass(frozen=True)
class Estimates:
    """Tallies by tool and material."""

    tallies: Mapping[tuple[str, str], Tally] = field(default_factory=dict)

    @classmethod
    def of(cls, tallies: Iterable[Tally]) -> Estimates:
        return cls({(tally.tool, tally.material): tally for tally in tallies})

    def plus(self, steps: Iterable[Step], material: str) -> Estimates:
        """Returns the estimates with further steps on a material."""
        tallies = dict(self.tallies)
        for step in steps:
            key = (step.tool, material)
            tallies[key] = tallies.get(key, Tally(*key)).plus(step)
        return Estimates(tallies)

    def of_tools(self, tools: Iterable[str]) -> Estimates:
        """Returns the estimates of some tools only."""
        wanted = frozenset(tools)
        return Estimates({key: t for key, t in self.tallies.items() if key[0] in wanted})

    def estimate(self, tool: str, declared: Ability, material: str) -> Estimate:
        """Returns what a call is expected to come to."""
        usd = math.nan if declared.usd is None else float(declared.usd)
        word = Estimate(
            success=_chance(declared.success, PRIOR),
            usd=Mean(PRIOR, usd),
            seconds=Mean(PRIOR, declared.seconds),
            quality=_chance(declared.quality, PRIOR),
        )
        every = [tally for (name, _), tally in self.tallies.items() if name == tool]
        pooled = _updated(word, every, PRIOR)
        here = self.tallies.get((tool, material))
        if here is None or len(every) == 1:
            return pooled
        return _updated(pooled, [here], POOLED)

    def abilities(self, declared: Mapping[str, Ability], material: str) -> dict[str, Ability]:
        """Returns the abilities of a catalogue as they are found to be on a material."""
        return {
            tool: self.estimate(tool, ability, material).ability(ability)
            for tool, ability in declared.items()
        }


def _chance(mean: float, n: float) -> Chance:
    return Chance(mean * n, (1 - mean) * n)


def _updated(prior: Estimate, tallies: Iterable[Tally], n: float) -> Estimate:
    """Returns an estimate that starts from another one, which counts as `n` calls."""
    seen = list(tallies)
    good = _chance(prior.success.mean, n)
    fine = _chance(prior.quality.mean, n)
    quality = sum(t.quality for t in seen)
    return Estimate(
        success=Chance(
            good.yes + sum(t.successes for t in seen),
            good.no + sum(t.calls - t.successes for t in seen),
        ),
        usd=_mean(prior.usd.mean, n, [(t.priced, t.usd, t.usd_squares) for t in seen]),
        seconds=_mean(
            prior.seconds.mean, n, [(t.timed, t.seconds, t.seconds_squares) for t in seen]
        ),
        quality=Chance(
            fine.yes + quality,
            fine.no + sum(t.measured for t in seen) - quality,
        ),
    )


def _mean(prior: float, n: float, sums: Iterable[tuple[int, float, float]]) -> Mean:
    counts, totals, squares = (
        math.fsum(column) for column in zip(*sums, (0, 0.0, 0.0), strict=True)
    )
    if math.isnan(prior):
        n, prior = 0.0, (0.0 if counts else math.nan)
    if not counts:
        return Mean(n, prior)
    mean = (n * prior + totals) / (n + counts)
    spread = squares + n * prior**2 - (n + counts) * mean**2
    return Mean(n + counts, mean, max(spread, 0.0))
