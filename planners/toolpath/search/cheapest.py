"""The cheapest path through a typed tool graph: A*, exact.

The search runs backwards. A node is the set of types still needed; a step takes a tool that makes
one of them, and needs what the tool takes instead. Where every tool takes one type, nodes are
single types and the search is that of a shortest path; with several inputs a node holds the front
of a tree, and a product that two tools need is made once. What is made stays at hand, so nothing
but the set decides what is left to do.

The heuristic is the cost of the dearest needed type under the relaxation of `ToolGraph.floors`.
It never overestimates, and never falls by more than a step costs (a needed type is either still
needed after the step, or costs at most the step and the dearest type that the step needs): so the
first time a node is taken from the queue its cost is the least, and no node is expanded twice.

A step is taken only for needed types of the last part of the graph (`ToolGraph.parts`). In a path
without needless calls, whatever depends on a call that makes a type of that part makes one itself,
and serves a needed type of it in the end; so one of those calls has nothing that depends on it,
and can be the last. Orders of calls that come to the same are not looked at one by one.

CoSTA* (Gupta et al. 2025, arXiv 2503.10613) searches tool graphs with a product of cost and
quality as its score, under which a first path need not be the best; here all costs add up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heappushpop
from typing import Literal

from ....ledger.errors import UsageError
from .graph import PathWeights, ToolGraph, numbers_of

_Step = tuple[float, float, int, int, int]
"""Cost, lower bound of what it takes, types that it does not make (0: all but the one in question),
types that it takes and that are not at hand, tool."""


@dataclass(frozen=True, kw_only=True)
class SearchLimits:
    """How far a search may go."""

    expansions: int = 1_000_000
    """Nodes taken from the queue."""
    labels: int = 2_000_000
    """Nodes, or labels of nodes, held in memory: some 400 bytes each."""

    def __post_init__(self) -> None:
        if self.expansions < 1 or self.labels < 1:
            raise UsageError("a search needs at least 1 expansion and 1 label")


@dataclass(frozen=True, kw_only=True)
class Toolpath:
    """Tools in the order in which they are to be called."""

    tools: tuple[str, ...]
    usd: float
    """What its calls are expected to cost, failed ones included; nan if a price is not known."""
    seconds: float
    quality: float
    """The product of its tools' qualities."""
    cost: float
    """All that counts, weighted, in USD."""
    expansions: int
    """Nodes that the search looked at."""


@dataclass(frozen=True, kw_only=True)
class NoPath:
    """There is no path, or none was found within the limits."""

    reason: Literal["unreachable", "limit"]
    why: str
    """One sentence."""
    missing: tuple[str, ...] = ()
    """The wanted types that cannot be made."""
    expansions: int = 0


def cheapest_path(
    graph: ToolGraph,
    have: Iterable[str],
    want: Iterable[str],
    weights: PathWeights | None = None,
    limits: SearchLimits | None = None,
    *,
    informed: bool = True,
) -> Toolpath | NoPath:
    """Returns the path of least cost from the types at hand to all wanted ones.

    Args:
        informed: False searches without the heuristic (Dijkstra): the same cost, more work.

    Raises:
        UsageError: a tool has no price, and prices count.
    """
    weights, limits = weights or PathWeights(), limits or SearchLimits()
    at_hand = frozenset(have)
    goals = frozenset(want) - at_hand
    costs = graph.weighted(weights)
    held = graph.mask(at_hand)
    floors = graph.floors(costs, held)
    if missing := unreachable(graph, goals, floors):
        return missing
    search = _PathSearch(graph, costs, floors, ~held, informed=informed)
    found = search.run(graph.mask(goals), limits)
    if found is None:
        return at_limit(search.expansions)
    return toolpath_of(graph, found, weights, costs, search.expansions)


def unreachable(graph: ToolGraph, want: Iterable[str], floors: Sequence[float]) -> NoPath | None:
    """Returns what stands in the way if a wanted type can be made by no path, else None."""
    can = {name for name, floor in zip(graph.types, floors, strict=True) if floor < math.inf}
    missing = tuple(sorted(set(want) - can))
    if not missing:
        return None
    first = missing[0]
    makers = [name for name, ability in graph.abilities.items() if first in ability.gives]
    if not makers:
        return NoPath(reason="unreachable", why=f"no tool gives {first!r}", missing=missing)
    lacking = sorted({need for name in makers for need in graph.abilities[name].takes} - can)
    why = f"{first!r} is given by {', '.join(makers)}"
    why += f", and {', '.join(lacking)} cannot be had for it" if lacking else " with quality 0"
    return NoPath(reason="unreachable", why=why, missing=missing)


def toolpath_of(
    graph: ToolGraph,
    tools: Sequence[int],
    weights: PathWeights,
    costs: Sequence[float],
    expansions: int,
) -> Toolpath:
    """Returns the path of these tools with what it costs."""
    return Toolpath(
        tools=tuple(graph.tools[tool] for tool in tools),
        usd=math.fsum(graph.costs[tool].usd for tool in tools),
        seconds=math.fsum(graph.costs[tool].seconds for tool in tools),
        quality=math.exp(-math.fsum(graph.costs[tool].loss for tool in tools)),
        cost=math.fsum(costs[tool] for tool in tools),
        expansions=expansions,
    )


def at_limit(expansions: int) -> NoPath:
    """Returns the answer of a search that has come to its limits."""
    why = f"no path was found within the limits of the search ({expansions:,} nodes looked at)"
    return NoPath(reason="limit", why=why, expansions=expansions)


class _PathSearch:
    def __init__(
        self,
        graph: ToolGraph,
        costs: Sequence[float],
        floors: Sequence[float],
        lacking: int,
        *,
        informed: bool,
    ) -> None:
        self.expansions = 0
        self._graph = graph
        self._costs = costs
        self._real = floors
        self._floors = floors if informed else [0.0] * len(floors)
        self._lacking = lacking
        self._steps: dict[int, list[_Step]] = {}

    def run(self, goal: int, limits: SearchLimits) -> list[int] | None:
        """Returns the tools of the cheapest path, or None at the limits."""
        parts, floors, known = self._graph.parts, self._floors, self._steps
        infinity = math.inf
        best = {goal: 0.0}
        came: dict[int, tuple[int, int]] = {}
        closed: set[int] = set()
        queue: list[tuple[float, int, float]] = []
        entry = (0.0, goal, self._dearest(goal))
        while len(closed) <= limits.expansions and len(best) <= limits.labels:
            _, needed, bound = entry
            following = None
            if not needed:
                self.expansions = len(closed)
                return _walk(came, goal)
            if needed not in closed:
                closed.add(needed)
                cost = best[needed]
                front = needed & parts[needed.bit_length() - 1]
                while front:
                    number = front.bit_length() - 1
                    front ^= 1 << number
                    rest = needed ^ (1 << number)
                    is_dearest = bound and floors[number] >= bound
                    least = self._dearest(rest) if is_dearest else bound
                    steps = known.get(number) or self._steps_to(number)
                    for price, dearest, keeps, takes, tool in steps:
                        still = rest & keeps if keeps else rest
                        left = still | takes
                        total = cost + price
                        if total >= best.get(left, infinity) or left in closed:
                            continue
                        best[left] = total
                        came[left] = (tool, needed)
                        if following is not None:
                            heappush(queue, following)
                        others = self._dearest(still) if keeps else least
                        most = others if others > dearest else dearest
                        following = (total + most, left, most)
            entry = heappop(queue) if following is None else heappushpop(queue, following)
        self.expansions = len(closed) - 1
        return None

    def _dearest(self, needed: int) -> float:
        floors, most = self._floors, 0.0
        while needed:
            number = needed.bit_length() - 1
            needed ^= 1 << number
            if floors[number] > most:
                most = floors[number]
        return most

    def _steps_to(self, number: int) -> list[_Step]:
        """Returns the tools that make a type, if all that they take can be had."""
        steps = self._steps[number] = list[_Step]()
        for tool in self._graph.makers[number]:
            takes = self._graph.takes[tool] & self._lacking
            reachable = all(self._real[each] < math.inf for each in numbers_of(takes))
            if self._costs[tool] < math.inf and reachable:
                gives = self._graph.gives[tool] & self._lacking
                keeps = ~gives if gives.bit_count() > 1 else 0
                steps.append((self._costs[tool], self._dearest(takes), keeps, takes, tool))
        return steps


def _walk(came: dict[int, tuple[int, int]], goal: int) -> list[int]:
    tools, needed = [], 0
    while needed != goal:
        tool, needed = came[needed]
        tools.append(tool)
    return tools
