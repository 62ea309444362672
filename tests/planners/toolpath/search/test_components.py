"""Parts of a graph: cycles together, edges only onward."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outlay.planners.toolpath.search.components import components

edges = st.integers(0, 8).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, max(n - 1, 0)), max_size=3), min_size=n, max_size=n)
)


def reach(edges: list[list[int]], start: int) -> set[int]:
    seen: set[int] = set()
    left = [start]
    while left:
        node = left.pop()
        left += [other for other in edges[node] if other not in seen]
        seen.update(edges[node])
    return seen


@given(edges)
def test_a_part_is_a_cycle_and_edges_lead_onward(edges: list[list[int]]) -> None:
    parts = components(edges)
    part_of = {node: place for place, part in enumerate(parts) for node in part}
    assert sorted(part_of) == list(range(len(edges)))
    for node, others in enumerate(edges):
        for other in others:
            assert part_of[node] <= part_of[other]
            assert (part_of[node] == part_of[other]) == (
                node in reach(edges, other) or node == other
            )


def test_a_long_chain_needs_no_recursion() -> None:
    chain = [[node + 1] for node in range(20_000)] + [[]]
    assert components(chain) == [[node] for node in range(20_001)]
