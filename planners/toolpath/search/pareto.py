"""All paths worth having: none is beaten in price, time and quality at once.

Multi-objective A* with label setting (NAMOA*, Mandow and Pérez de la Cruz 2010): a node keeps every
label that no other label at it beats, and labels are taken from the queue in lexicographic order
of cost so far plus a lower bound of the rest, one bound for each objective.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from .cheapest import NoPath, SearchLimits, Toolpath, at_limit, toolpath_of, unreachable
from .graph import PathWeights, ToolGraph, numbers_of

_OBJECTIVES = (
    PathWeights(usd=1, seconds=0, quality=0),
    PathWeights(usd=0, seconds=1, quality=0),
    PathWeights(usd=0, seconds=0, quality=1),
)

Vector = tuple[float, float, float]


@dataclass
class _LabelSet:
    """A set of needed types, and the labels there that no other beats."""

    bound: Vector
    labels: list[Vector] = field(default_factory=list)

    def add(self, label: Vector) -> bool:
        """Adds a label and drops those that it beats; False if one there is as good."""
        if any(_covers(other, label) for other in self.labels):
            return False
        self.labels = [other for other in self.labels if not _covers(label, other)]
        self.labels.append(label)
        return True


@dataclass(frozen=True)
class _BackPointer:
    tool: int
    before: _BackPointer | None


def pareto_paths(
    graph: ToolGraph,
    have: Iterable[str],
    want: Iterable[str],
    weights: PathWeights | None = None,
    limits: SearchLimits | None = None,
) -> tuple[Toolpath, ...] | NoPath:
    """Returns the paths that no other path beats, the cheapest in USD first.

    Of several paths with the same price, time and quality, one is returned.

    Args:
        weights: say only what each path's `cost` is.

    Raises:
        UsageError: a tool has no price.
    """
    weights, limits = weights or PathWeights(), limits or SearchLimits()
    at_hand = frozenset(have)
    goals = frozenset(want) - at_hand
    costs = graph.weighted(weights)
    search = _ParetoSearch(graph, graph.mask(at_hand), limits)
    if missing := unreachable(graph, goals, search.floors[2]):
        return missing
    found = search.run(graph.mask(goals))
    if found is None:
        return at_limit(search.expansions)
    return tuple(
        toolpath_of(graph, tools, weights, costs, search.expansions) for _, tools in sorted(found)
    )


class _ParetoSearch:
    def __init__(self, graph: ToolGraph, have: int, limits: SearchLimits) -> None:
        columns = [graph.weighted(weights) for weights in _OBJECTIVES]
        self.floors = [graph.floors(costs, have) for costs in columns]
        self.expansions = 0
        self._graph = graph
        self._lacking = ~have
        self._vectors = list(zip(*columns, strict=True))
        self._limits = limits
        self._nodes: dict[int, _LabelSet] = {}
        self._held = 0

    def run(self, goal: int) -> list[tuple[Vector, list[int]]] | None:
        """Returns costs and tools of every path that is not beaten, or None at the limits."""
        start: Vector = (0.0, 0.0, 0.0)
        self._node(goal).add(start)
        queue: list[tuple[Vector, int, int, Vector, _BackPointer | None]] = []
        heappush(queue, (self._node(goal).bound, 0, goal, start, None))
        done = _LabelSet(start)
        found: dict[Vector, list[int]] = {}
        while queue:
            estimate, _, needed, label, came = heappop(queue)
            if label not in self._nodes[needed].labels or _beaten(done, estimate):
                continue
            if not needed:
                done.add(label)
                found[label] = _tools(came)
                continue
            self.expansions += 1
            if self.expansions > self._limits.expansions or self._held > self._limits.labels:
                return None
            for total, left, tool in self._steps(needed, label):
                node = self._node(left)
                estimate = _sum(total, node.bound)
                if math.isinf(max(estimate)) or _beaten(done, estimate) or not node.add(total):
                    continue
                self._held += 1
                heappush(queue, (estimate, self._held, left, total, _BackPointer(tool, came)))
        return [(label, found[label]) for label in done.labels]

    def _steps(self, needed: int, label: Vector) -> Iterator[tuple[Vector, int, int]]:
        """Yields the steps for the needed types of the last part, as `cheapest` takes them."""
        graph = self._graph
        for number in numbers_of(needed & graph.parts[needed.bit_length() - 1]):
            for tool in graph.makers[number]:
                left = needed & ~graph.gives[tool] | graph.takes[tool] & self._lacking
                yield _sum(label, self._vectors[tool]), left, tool

    def _node(self, needed: int) -> _LabelSet:
        node = self._nodes.get(needed)
        if node is None:
            first, second, third = (_dearest(floors, needed) for floors in self.floors)
            node = self._nodes[needed] = _LabelSet((first, second, third))
        return node


def _dearest(floors: Sequence[float], needed: int) -> float:
    return max((floors[number] for number in numbers_of(needed)), default=0.0)


def _sum(first: Vector, second: Vector) -> Vector:
    return (first[0] + second[0], first[1] + second[1], first[2] + second[2])


def _covers(first: Sequence[float], second: Sequence[float]) -> bool:
    """Says whether the first is as good as the second in everything."""
    return all(mine <= theirs for mine, theirs in zip(first, second, strict=True))


def _beaten(done: _LabelSet, estimate: Vector) -> bool:
    return any(_covers(label, estimate) for label in done.labels)


def _tools(came: _BackPointer | None) -> list[int]:
    tools = []
    while came is not None:
        tools.append(came.tool)
        came = came.before
    return tools
