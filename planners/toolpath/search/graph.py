"""A typed tool graph in the form in which it is searched: types are bits, sets of types ints."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ....ledger.errors import UsageError
from ..ability import ToolAbility, check
from .components import components


class PathCosts(NamedTuple):
    """What a success, or a path, is expected to cost. All three add up along a path.

    A tool that succeeds with the chance p is called 1/p times on average.
    """

    usd: float
    """nan: the price is not known."""
    seconds: float
    loss: float
    """−ln(quality), so that sums are products of qualities."""

    @classmethod
    def of(cls, ability: ToolAbility) -> PathCosts:
        usd = math.nan if ability.usd is None else float(ability.usd)
        loss = -math.log(ability.quality) if ability.quality else math.inf
        return cls(usd / ability.success, ability.seconds / ability.success, loss + 0.0)


@dataclass(frozen=True, kw_only=True)
class PathWeights:
    """What counts in a path: each is the USD that one unit is worth."""

    usd: float = 1.0
    seconds: float = 0.0
    quality: float = 0.02
    """USD for one unit of −ln(quality): halving the quality of a path counts as 0.69 of it."""

    def __post_init__(self) -> None:
        for name in ("usd", "seconds", "quality"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise UsageError(f"the weight of {name} must be 0 or more, not {value}")

    def cost(self, costs: PathCosts) -> float:
        """Returns what costs come to, in USD; what has no weight need not be known."""
        pairs = ((self.usd, costs.usd), (self.seconds, costs.seconds), (self.quality, costs.loss))
        return sum(weight * cost for weight, cost in pairs if weight)


class ToolGraph:
    """Typed tools by name.

    Types are numbered so that tools lead to a type with a higher number, but for cycles: all types
    of a cycle, and all types that one tool makes, belong to one part, with numbers in a row.

    Raises:
        UsageError: an ability makes no sense.
    """

    def __init__(self, abilities: Mapping[str, ToolAbility]) -> None:
        check(abilities)
        self.abilities = dict(abilities)
        self.tools = tuple(self.abilities)
        self.costs = tuple(map(PathCosts.of, self.abilities.values()))
        parts = _parts(self.abilities.values())
        self.types = tuple(name for part in parts for name in part)
        self._numbers = {name: number for number, name in enumerate(self.types)}
        self.parts = [mask for part in parts for mask in [self.mask(part)] * len(part)]
        """By the number of a type, the set of the types of its part."""
        self.takes = tuple(self.mask(ability.takes) for ability in self.abilities.values())
        self.gives = tuple(self.mask(ability.gives) for ability in self.abilities.values())
        self.makers: list[list[int]] = [[] for _ in self.types]
        """By the number of a type, the tools that make it."""
        self._takers: list[list[int]] = [[] for _ in self.types]
        self._makes = [numbers_of(gives) for gives in self.gives]
        self._weighted: dict[PathWeights, list[float]] = {}
        for tool, makes in enumerate(self._makes):
            for number in makes:
                self.makers[number].append(tool)
            for number in numbers_of(self.takes[tool]):
                self._takers[number].append(tool)

    def mask(self, types: Iterable[str]) -> int:
        """Returns a set of types as an int. Types that no tool knows are left out."""
        mask = 0
        for name in types:
            if name in self._numbers:
                mask |= 1 << self._numbers[name]
        return mask

    def weighted(self, weights: PathWeights) -> list[float]:
        """Returns what a success of each tool costs, weighted.

        Raises:
            UsageError: a tool has no price, and prices count.
        """
        if weights in self._weighted:
            return self._weighted[weights]
        costs = [weights.cost(each) for each in self.costs]
        for name, cost in zip(self.tools, costs, strict=True):
            if math.isnan(cost):
                raise UsageError(
                    f"the ability of tool {name!r} has no price: give `usd`, or weigh usd with 0"
                )
        self._weighted[weights] = costs
        return costs

    def floors(self, costs: Sequence[float], have: int) -> list[float]:
        """Returns, by number, the least that making a type can cost: a lower bound, h_max.

        The relaxation: a tool costs itself and the dearest of its inputs, not all of them
        (Bonet and Geffner 2001, "Planning as heuristic search"). Whatever makes a type has a last
        tool and, before it, something that makes that tool's dearest input, so no path costs less.
        What cannot be made is infinitely dear.
        """
        floors = [math.inf] * len(self.types)
        waits = [(takes & ~have).bit_count() for takes in self.takes]
        queue = [(0.0, number) for number in numbers_of(have)]
        for _, number in queue:
            floors[number] = 0.0
        ready = [(costs[tool], tool) for tool, count in enumerate(waits) if not count]
        while ready or queue:
            for cost, tool in ready:
                for number in self._makes[tool]:
                    if cost < floors[number]:
                        floors[number] = cost
                        heapq.heappush(queue, (cost, number))
            ready = []
            if queue:
                cost, number = heapq.heappop(queue)
                if cost > floors[number] or have >> number & 1:
                    continue
                for taker in self._takers[number]:
                    waits[taker] -= 1
                    if not waits[taker]:
                        ready.append((cost + costs[taker], taker))
        return floors


def numbers_of(mask: int) -> list[int]:
    """Returns the numbers of the types in a set, the highest first."""
    found = []
    while mask:
        number = mask.bit_length() - 1
        found.append(number)
        mask ^= 1 << number
    return found


def _parts(abilities: Iterable[ToolAbility]) -> list[list[str]]:
    """Returns the types by parts, each part before those that tools lead to from it."""
    numbers: dict[str, int] = {}
    edges: list[list[int]] = []
    for ability in abilities:
        for name in (*ability.takes, *ability.gives):
            if name not in numbers:
                numbers[name] = len(numbers)
                edges.append([])
        gives = [numbers[name] for name in ability.gives]
        for name in ability.takes:
            edges[numbers[name]] += gives
        for first, second in zip(gives, (*gives[1:], gives[0]), strict=True):
            edges[first].append(second)
    names = list(numbers)
    return [[names[number] for number in part] for part in components(edges)]
