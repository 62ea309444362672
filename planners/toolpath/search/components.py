"""The strongly connected parts of a graph, in an order in which edges only lead onward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def components(edges: Sequence[Sequence[int]]) -> list[list[int]]:
    """Returns the parts of a graph, each before those that its edges lead to.

    Tarjan 1972, "Depth-first search and linear graph algorithms", without recursion.

    Args:
        edges: for each node, the nodes that its edges lead to.
    """
    found: list[list[int]] = []
    numbers: dict[int, int] = {}
    lows: dict[int, int] = {}
    stack: list[int] = []
    places: dict[int, int] = {}
    held: set[int] = set()

    def enter(node: int) -> tuple[int, Iterator[int]]:
        numbers[node] = lows[node] = len(numbers)
        places[node] = len(stack)
        stack.append(node)
        held.add(node)
        return node, iter(edges[node])

    for root in range(len(edges)):
        if root in numbers:
            continue
        path = [enter(root)]
        while path:
            node, following = path[-1]
            for other in following:
                if other not in numbers:
                    path.append(enter(other))
                    break
                if other in held:
                    lows[node] = min(lows[node], numbers[other])
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    lows[above] = min(lows[above], lows[node])
                if lows[node] == numbers[node]:
                    part = stack[places[node] :]
                    del stack[places[node] :]
                    held.difference_update(part)
                    found.append(part)
    return found[::-1]
