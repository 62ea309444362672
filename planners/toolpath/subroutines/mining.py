"""Subroutines from recorded subtasks: frequent paths, kept if held-out subtasks bear them out.

A path is mined from two thirds of the runs and played through on the subtasks of the rest. It is
kept if its NetBenefit (FaSTA*), percent of cost added less percent of quality added, is below 0.
The paper's models propose rules and refine their conditions; here paths are counted, and the
condition is the material that the work is done on, or none.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..trace import SEARCH, SubtaskTrace, TraceStep
from .subroutine import Subroutine, ToolStep

SUPPORT = 3
"""Successful subtasks that must have gone a way before it is considered."""
HELD_OUT = 3
"""One run in so many is held out."""
LEAST_HELD_OUT = 2
"""Held-out subtasks without which nothing is kept."""
USES = 8
"""The last uses that decide whether a subroutine still pays; fewer retire none."""
CHANCE = 0.9
"""The chance that a call succeeds, before any is seen; it counts as one call."""

_Steps = Mapping[tuple[str, str | None], "_StepStats"]
"""By a move's key and the material; None: all materials together."""


@dataclass(frozen=True)
class _MinedPath:
    """A path that made what was wanted, and where."""

    want: str
    material: str | None
    moves: tuple[ToolStep, ...]

    @property
    def takes(self) -> tuple[str, ...]:
        """What it takes and does not make itself, sorted."""
        needs: set[str] = set()
        made: set[str] = set()
        for move in self.moves:
            needs |= set(move.takes) - made
            made |= set(move.gives)
        return tuple(sorted(needs))

    def is_for(self, trace: SubtaskTrace) -> bool:
        """Says whether it could have been gone in a subtask."""
        return (
            trace.want == self.want
            and self.material in (None, trace.material)
            and set(self.takes) <= set(trace.have)
        )


@dataclass(frozen=True)
class _StepStats:
    """What a move came to where it was made."""

    n: int = 0
    successes: int = 0
    usd: float = 0.0
    quality: float = 0.0

    def plus(self, step: TraceStep) -> _StepStats:
        quality = 0.0 if not step.ok else 1.0 if step.quality is None else step.quality
        usd = float(step.usd or 0)
        return _StepStats(
            self.n + 1, self.successes + step.ok, self.usd + usd, self.quality + quality
        )

    @property
    def expected(self) -> tuple[float, float, float]:
        """The chance of success, USD of a call, and quality of a success."""
        quality = self.quality / self.successes if self.successes else 0.0
        return (self.successes + CHANCE) / (self.n + 1), self.usd / self.n, quality


def mine(
    traces: Iterable[SubtaskTrace], known: Iterable[Subroutine] = ()
) -> tuple[Subroutine, ...]:
    """Returns the subroutines that recorded subtasks bear out, sorted by name.

    Args:
        traces: what is recorded, in the order in which it happened.
        known: those that there are already: retired and deleted ones stay so, and active ones
            stay unless they have stopped paying.
    """
    recorded = list(traces)
    kept = {each.name: _reviewed(each, recorded) for each in known}
    training = [trace for trace in recorded if not _is_held_out(trace)]
    searched = [trace for trace in recorded if _is_held_out(trace) and trace.by == SEARCH]
    steps = _steps(recorded)
    for way, support in _frequent(training).items():
        found = _valued(way, support, searched, steps)
        if found is not None and found.name not in kept:
            kept[found.name] = found
    return tuple(kept[name] for name in sorted(kept))


def _is_held_out(trace: SubtaskTrace) -> bool:
    return zlib.crc32(trace.run.encode()) % HELD_OUT == 0


def _frequent(traces: Sequence[SubtaskTrace]) -> dict[_MinedPath, int]:
    """Returns the sub-paths that make what was wanted from what was at hand, and how often.

    Every run of successive steps in a path counts that ends in a type that is some subtask's goal
    and takes nothing that was not at hand at the beginning.
    """
    goals = {trace.want for trace in traces}
    counts: Counter[_MinedPath] = Counter()
    for trace in traces:
        moves = tuple(ToolStep.of(step) for step in trace.path)
        for start in range(len(moves)):
            for end in range(start + 1, len(moves) + 1):
                part = moves[start:end]
                for want in goals.intersection(part[-1].gives):
                    way = _MinedPath(want, trace.material, part)
                    if set(way.takes) <= set(trace.have):
                        counts[way] += 1
                        counts[replace(way, material=None)] += 1
    return {way: n for way, n in counts.items() if n >= SUPPORT}


def _steps(traces: Iterable[SubtaskTrace]) -> _Steps:
    """Returns what each move came to."""
    found: dict[tuple[str, str | None], _StepStats] = {}
    for trace in traces:
        for step in trace.steps:
            for material in (trace.material, None):
                key = (ToolStep.of(step).key, material)
                found[key] = found.get(key, _StepStats()).plus(step)
    return found


def _valued(
    way: _MinedPath, support: int, searched: Sequence[SubtaskTrace], steps: _Steps
) -> Subroutine | None:
    """Returns a way as a subroutine if held-out subtasks say that it pays, else None."""
    cases = [trace for trace in searched if way.is_for(trace)]
    if len(cases) < LEAST_HELD_OUT:
        return None
    played = [_played(way.moves, case, steps) for case in cases]
    success, usd, quality = (math.fsum(column) / len(cases) for column in zip(*played, strict=True))
    net = _net(usd, quality, cases)
    if net >= 0:
        return None
    return Subroutine(
        want=way.want, takes=way.takes, material=way.material, moves=way.moves, support=support,
        success=success, usd=usd, quality=quality, net=net,
    )  # fmt: skip


def _played(
    moves: Sequence[ToolStep], case: SubtaskTrace, steps: _Steps
) -> tuple[float, float, float]:
    """Returns chance of success, USD and quality of a subtask, had it begun with these moves.

    A move that the subtask made comes to what it came to then, any other to what it usually comes
    to. Where a move fails for good, what was searched for and done then follows, but for what has
    been made by now.
    """
    known = {ToolStep.of(step).key: step for step in case.steps}
    alive, usd, through, quality = 1.0, 0.0, 1.0, 0.0
    made: set[str] = set()
    for move in moves:
        failing, good = alive, 0.0
        for way in filter(None, (move, move.second)):
            made.add(way.key)
            chance, price, fine = _expected(way, known.get(way.key), case.material, steps)
            usd += failing * price
            good += failing * chance * fine
            failing *= 1 - chance
        rest = math.fsum(float(s.usd or 0) for key, s in known.items() if key not in made)
        usd += failing * (rest + float(case.planning))
        quality += failing * case.quality
        through *= good / (alive - failing) if alive > failing else 0.0
        alive -= failing
    return alive, usd, quality + alive * through


def _expected(
    move: ToolStep, step: TraceStep | None, material: str, steps: _Steps
) -> tuple[float, float, float]:
    """Returns the chance of success, the USD and the quality that a move comes to."""
    if step is None:
        seen = steps.get((move.key, material)) or steps.get((move.key, None))
        return seen.expected if seen else (0.0, 0.0, 0.0)
    _, usd, quality = _StepStats().plus(step).expected
    return float(step.ok), usd, quality


def _net(usd: float, quality: float, cases: Sequence[SubtaskTrace]) -> float:
    """Returns the NetBenefit over what search came to in some subtasks, in percent."""
    before = math.fsum(case.usd for case in cases) / len(cases)
    good = math.fsum(case.quality for case in cases) / len(cases)
    cost = (usd - before) / before if before else math.inf
    gain = (quality - good) / good if good else 0.0
    return 100 * (cost - gain)


def _reviewed(known: Subroutine, traces: Sequence[SubtaskTrace]) -> Subroutine:
    """Returns a subroutine as its uses show it: retired if it costs more than it brings."""
    used = [trace for trace in traces if trace.by == known.name][-USES:]
    way = _MinedPath(known.want, known.material, known.moves)
    searched = [trace for trace in traces if trace.by == SEARCH and way.is_for(trace)]
    if known.state != "active" or len(used) < USES or not searched:
        return known
    usd = math.fsum(trace.usd for trace in used) / len(used)
    quality = math.fsum(trace.quality for trace in used) / len(used)
    net = _net(usd, quality, searched)
    alone = sum(trace.ok and not trace.searches for trace in used) / len(used)
    return replace(
        known, success=alone, usd=usd, quality=quality, net=net,
        state="active" if net < 0 else "retired",
    )  # fmt: skip
