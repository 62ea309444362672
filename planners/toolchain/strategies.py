"""Six searches, each a function from a tree to the node of its frontier that is opened next.

All see the same tree, proposals and goal test, so they differ in nothing but the order in which
nodes are opened. None: the search has come to its end without a complete plan.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf, log, sqrt
from typing import Any

from ...journal.loop_versions import COMPLETE_PLANS_FIRST, NEWEST
from ...ledger.errors import UsageError
from .actions import FINISH
from .tree import SearchTree, TreeNode

Search = Callable[[SearchTree], TreeNode | None]
Promise = Callable[[TreeNode], tuple[Any, ...]]
"""In which order nodes are opened, the least first."""

SEARCHES = ("astar", "bfs", "dfs", "beam", "greedy", "mcts")
_PLACES = 9
"""Scores that differ by less are equal: they are sums of roots."""
_EXPLORATION = sqrt(2)
"""The constant of UCB1 for rewards from 0 to 1."""


def search_named(name: str, *, width: int, loop: int = NEWEST) -> Search:
    """Returns a search by name.

    Args:
        name: one of `SEARCHES`.
        width: nodes that a beam keeps per depth.
        loop: the version of the loop by which the run goes.

    Raises:
        UsageError: there is no such search.
    """
    promise = _promise if loop >= COMPLETE_PLANS_FIRST else _old_promise
    searches: dict[str, Search] = {
        "astar": partial(best_first, promise=promise),
        "bfs": breadth_first,
        "dfs": depth_first,
        "beam": partial(beam, width=width, promise=promise),
        "greedy": greedy,
        "mcts": uct,
    }
    if name not in searches:
        raise UsageError(f"there is no search {name!r}: the searches are {', '.join(SEARCHES)}")
    return searches[name]


def _promise(node: TreeNode) -> tuple[Any, ...]:
    """The least f; of equals a complete plan, the least h, the longest, the most often proposed."""
    f, h = round(node.f, _PLACES), round(node.h, _PLACES)
    return f, node.action != FINISH, h, -node.depth, node.ranks, node.id


def _old_promise(node: TreeNode) -> tuple[Any, ...]:
    return node.f, node.id


def best_first(tree: SearchTree, *, promise: Promise = _promise) -> TreeNode | None:
    """The least f = g + h (ToolChain*); equals as `_promise` has them."""
    return min(tree.frontier, key=promise, default=None)


def breadth_first(tree: SearchTree) -> TreeNode | None:
    """A plan that is said to be complete, else the shortest; of equals the oldest."""

    def order(node: TreeNode) -> tuple[bool, int, int]:
        return node.action != FINISH, node.depth, node.id

    return min(tree.frontier, key=order, default=None)


def depth_first(tree: SearchTree) -> TreeNode | None:
    """Down the most frequent proposals, then back to the last fork (DFSDT, arXiv 2307.16789)."""
    return min(tree.frontier, key=lambda node: node.ranks, default=None)


def greedy(tree: SearchTree) -> TreeNode | None:
    """The most frequent proposal, step by step and never back, as a ReAct agent goes."""
    if not tree.opened:
        return tree.root
    return next(iter(tree.children(tree.opened[-1])), None)


def beam(tree: SearchTree, *, width: int, promise: Promise = _promise) -> TreeNode | None:
    """The `width` best by f of each depth, and their children only."""
    level = [tree.root]
    while level:
        kept = sorted(level, key=promise)[:width]
        for node in kept:
            if tree.fate(node) == "open":
                return node
        level = [child for node in kept for child in tree.children(node)]
    return None


def uct(tree: SearchTree) -> TreeNode | None:
    """Monte-Carlo tree search with UCT (Kocsis and Szepesvári 2006).

    A roll-out goes down the most frequent proposals until it ends; its nodes stay in the tree.
    Its reward is the mean plausibility of its steps, 1 less what each added to g, with the step
    into a dead end counting 0. The next one starts where UCB1 leads from the root: a child that
    no roll-out has passed comes first, the most frequent of them.
    """
    if not tree.opened:
        return tree.root
    going_on = next(iter(tree.children(tree.opened[-1])), None)
    if going_on is not None:
        return going_on
    visits, rewards = _roll_outs(tree)
    alive = _with_open_nodes(tree)
    node = tree.root
    while tree.fate(node) != "open":
        ways = [child for child in tree.children(node) if child.id in alive]
        if not ways:
            return None
        total = visits.get(node.id, 1)
        node = max(ways, key=lambda way: _ucb(visits.get(way.id, 0), rewards.get(way.id, 0), total))
    return node


def _ucb(visits: int, reward: float, total: int) -> float:
    return inf if not visits else reward / visits + _EXPLORATION * sqrt(log(total) / visits)


def _roll_outs(tree: SearchTree) -> tuple[dict[int, int], dict[int, float]]:
    """Returns, per node, how many roll-outs have passed it, and the sum of their rewards."""
    visits: dict[int, int] = {}
    rewards: dict[int, float] = {}
    for node, following in zip(tree.opened, [*tree.opened[1:], None], strict=True):
        if following is not None and following.parent is node:
            continue
        reward = _reward(tree, node)
        passed: TreeNode | None = node
        while passed is not None:
            visits[passed.id] = visits.get(passed.id, 0) + 1
            rewards[passed.id] = rewards.get(passed.id, 0.0) + reward
            passed = passed.parent
    return visits, rewards


def _reward(tree: SearchTree, node: TreeNode) -> float:
    steps = max(len(node.ranks), 1)
    if tree.fate(node) == "dead" and node.parent is not None:
        return (steps - 1 - node.parent.g) / steps
    return 1 - node.g / steps


def _with_open_nodes(tree: SearchTree) -> set[int]:
    """Returns the ids of nodes of the frontier and of all above them."""
    alive: set[int] = set()
    for node in tree.frontier:
        passed: TreeNode | None = node
        while passed is not None and passed.id not in alive:
            alive.add(passed.id)
            passed = passed.parent
    return alive
