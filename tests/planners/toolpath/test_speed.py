"""The benchmark of the search measures what it says."""

from __future__ import annotations

from outlay.benchmarks.perf.toolpath import drawn, measure
from outlay.planners.toolpath import Toolpath, cheapest_path


def test_both_searches_find_the_same_and_the_heuristic_looks_at_less() -> None:
    graphs = [drawn(seed, second=0.1) for seed in range(2)]
    for graph in graphs:
        found = [
            cheapest_path(graph, ("t0", "t1"), ("t399",), informed=informed)
            for informed in (True, False)
        ]
        costs = [path.cost for path in found if isinstance(path, Toolpath)]
        assert max(costs, default=0) - min(costs, default=0) < 1e-9
    informed, blind = (measure(graphs, informed=i) for i in (True, False))
    assert informed.searches == blind.searches == 2
    assert informed.expansions <= blind.expansions
    assert blind.rate > 0
