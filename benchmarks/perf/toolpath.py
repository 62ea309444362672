"""How fast exact search over typed tools is: nodes expanded a second, and against a bare heap.

    python -m outlay.benchmarks.perf.toolpath

Random typed graphs of 1,000 tools are searched from end to end. The time is the processor's, for
the whole call: lower bounds and search; compiling the graph is done before. The floor, in the same
run, is one push on a heap and one pop for each node, with the heap as long as there are nodes.
"""

from __future__ import annotations

import argparse
import heapq
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from ...planners.toolpath import SearchLimits, ToolAbility, ToolGraph, cheapest_path

TOOLS = 1_000
TYPES = 400
REACH = 40
"""How far on, at most, a tool leads in the row of types."""
MOST = 60_000
"""Nodes after which a search is given up: what it did until then counts."""


@dataclass(frozen=True, kw_only=True)
class PathSearchSpeed:
    """What a number of searches came to."""

    searches: int
    expansions: int
    seconds: float
    """Processor seconds."""
    floor: float
    """Processor seconds of as many pushes and pops."""

    @property
    def rate(self) -> float:
        """Nodes expanded a second."""
        return self.expansions / self.seconds


def drawn(seed: int, *, second: float, tools: int = TOOLS, types: int = TYPES) -> ToolGraph:
    """Returns a random graph from the types `t0` and `t1` to the last one, `t{types - 1}`.

    Args:
        second: the share of tools that take a second type.
    """
    random = Random(f"{seed}/{second}")
    abilities: dict[str, ToolAbility] = {}
    for number in range(tools):
        gives = random.randrange(2, types) if number else types - 1
        takes = {max(gives - random.randint(1, REACH), 0)}
        if random.random() < second:
            takes.add(max(gives - random.randint(1, REACH), 0))
        abilities[f"tool{number}"] = ToolAbility(
            takes=tuple(f"t{take}" for take in sorted(takes)), gives=(f"t{gives}",),
            usd=Decimal(random.randint(1, 100)) / 1000, quality=random.uniform(0.7, 1),
        )  # fmt: skip
    return ToolGraph(abilities)


def measure(graphs: Sequence[ToolGraph], *, informed: bool) -> PathSearchSpeed:
    """Searches every graph once."""
    limits = SearchLimits(expansions=MOST)
    want = f"t{TYPES - 1}"
    expansions = 0
    began = time.process_time()
    for graph in graphs:
        found = cheapest_path(graph, ("t0", "t1"), (want,), limits=limits, informed=informed)
        expansions += found.expansions
    seconds = time.process_time() - began
    floor = _floor(expansions // len(graphs)) * len(graphs)
    return PathSearchSpeed(
        searches=len(graphs), expansions=expansions, seconds=seconds, floor=floor
    )


def _floor(nodes: int) -> float:
    random = Random(0)
    keys = [(random.random(), number, 0.0) for number in range(nodes)]
    heap: list[tuple[float, int, float]] = []
    began = time.process_time()
    for key in keys:
        heapq.heappush(heap, key)
    while heap:
        heapq.heappop(heap)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--graphs", type=int, default=12, help="graphs of each sort")
    number = parser.parse_args().graphs
    print(f"{TOOLS:,} tools over {TYPES} types; {number} graphs of each sort")
    print("two inputs  search      nodes  ms/search    nodes/s  times the floor")
    for second in (0.0, 0.3, 0.5):
        graphs = [drawn(seed, second=second) for seed in range(number)]
        for informed in (True, False):
            speed = measure(graphs, informed=informed)
            print(
                f"{second:>10.0%}  {'A*' if informed else 'Dijkstra':<8} {speed.expansions:>8,}"
                f"  {1000 * speed.seconds / speed.searches:>9.2f}  {speed.rate:>9,.0f}"
                f"  {speed.seconds / speed.floor:>15.1f}"
            )


if __name__ == "__main__":
    main()
