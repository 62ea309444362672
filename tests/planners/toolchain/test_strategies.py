"""Six searches over one tree: in which order they open it, and what all of them keep to."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.effects import Refusal
from outlay.journal.loop_versions import ENDINGS_READ
from outlay.ledger.errors import UsageError
from outlay.planners.toolchain import (
    FINISH,
    SEARCHES,
    Action,
    Plans,
    Proposal,
    ScoreWeights,
    SearchTree,
    search,
    search_named,
)
from outlay.planners.toolchain.actions import PlanStep
from outlay.planners.toolchain.strategies import best_first
from outlay.planners.toolchain.tree import NodeExpansion, TreeNode

WHOLE = ("astar", "bfs", "dfs", "mcts")
"""Searches that leave nothing out."""


class Binary:
    """Proposes `l` twice and `r` once, and that only one plan is complete."""

    def __init__(self, goal: str, *, depth: int = 3) -> None:
        self.goal = goal
        self.depth = depth
        self.asked: list[str] = []

    async def propose(self, path: Sequence[PlanStep], k: int) -> list[Proposal] | Refusal:
        plan = "".join(step.action.name for step in path)
        self.asked.append(plan)
        left = self.depth - len(plan)
        if not left:
            return [Proposal(FINISH, 0)] if plan == self.goal else []
        return [Proposal(Action(name), left - 1) for name in "llr"]


async def played(name: str, goal: str, *, expansions: int = 99, width: int = 2) -> list[str]:
    proposer = Binary(goal)
    tree = SearchTree(Plans(), ScoreWeights(), depth=3)
    await search(
        tree, search_named(name, width=width), proposer, k=3, expansions=expansions
    )  # fmt: skip
    found = "".join(step.action.name for step in tree.plan(tree.goal)) if tree.goal else None
    assert found in (None, goal)
    assert len(proposer.asked) == tree.expansions <= expansions
    assert len(set(proposer.asked)) == len(proposer.asked)
    return [*proposer.asked, *(["!"] if found else [])]


async def test_breadth_first_goes_level_by_level() -> None:
    order = ["", "l", "r", "ll", "lr", "rl", "rr", "lll", "llr", "lrl", "lrr", "!"]
    assert await played("bfs", "lrr") == order


async def test_depth_first_goes_down_and_back() -> None:
    order = ["", "l", "ll", "lll", "llr", "lr", "lrl", "lrr", "!"]
    assert await played("dfs", "lrr") == order


async def test_greedy_never_goes_back() -> None:
    assert await played("greedy", "lll") == ["", "l", "ll", "lll", "!"]
    assert await played("greedy", "llr") == ["", "l", "ll", "lll"]


async def test_a_beam_keeps_its_width_of_each_depth() -> None:
    assert await played("beam", "rrr") == ["", "l", "r", "ll", "lr", "lll", "llr"]
    assert (await played("beam", "rrr", width=8))[-1] == "!"


async def test_tree_search_rolls_out_to_the_end_before_it_starts_anew() -> None:
    order = await played("mcts", "rrr")
    assert order[:4] == ["", "l", "ll", "lll"]
    assert order[4:7] == ["r", "rl", "rll"]
    assert order[-2:] == ["rrr", "!"]


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("expansions", [1, 2, 5])
async def test_no_search_exceeds_its_expansions(name: str, expansions: int) -> None:
    assert len(await played(name, "xxx", expansions=expansions)) <= expansions


@pytest.mark.parametrize("name", WHOLE)
@given(seed=st.integers(0, 10_000))
def test_a_whole_search_finds_what_there_is(name: str, seed: int) -> None:
    """Also in trees whose branches have any number of children and any length."""
    proposer = _Grown(seed)
    tree = SearchTree(Plans([["a", "b"]]), ScoreWeights(), depth=4)
    _run(search(tree, search_named(name, width=2), proposer, k=4, expansions=1000))
    assert (tree.goal is not None) == proposer.has_goal(())
    assert tree.goal is not None or not tree.frontier


class _Grown:
    """A tree drawn from a seed: what is proposed after a plan depends on the plan alone."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def after(self, plan: tuple[str, ...]) -> list[str]:
        random = Random(f"{self.seed}/{plan}")
        if len(plan) == 4:
            return ["", ""] if random.random() < 0.02 else []
        return random.choices("abc", k=random.choice([0, 1, 4]))

    def has_goal(self, plan: tuple[str, ...]) -> bool:
        return any(not name or self.has_goal((*plan, name)) for name in set(self.after(plan)))

    async def propose(self, path: Sequence[PlanStep], k: int) -> list[Proposal] | Refusal:
        plan = tuple(step.action.name for step in path)
        return [Proposal(Action(name), 3) for name in self.after(plan)]


def _run(coroutine: object) -> None:
    """Drives a coroutine that never waits."""
    with pytest.raises(StopIteration):
        coroutine.send(None)  # type: ignore[attr-defined]


async def test_best_first_opens_the_least_f() -> None:
    tree = SearchTree(Plans([["a", "c"]]), ScoreWeights(), depth=4)
    proposer = _Grown(3)

    def least(tree: SearchTree) -> object:
        node = best_first(tree)
        assert node is None or all(node.f <= other.f + 1e-9 for other in tree.frontier)
        return node

    await search(tree, least, proposer, k=4, expansions=50)  # type: ignore[arg-type]
    assert tree.expansions > 3


@pytest.fixture
def tied() -> SearchTree:
    """A query and a complete plan that look equally good; the query is older."""
    tree = SearchTree(Plans(), ScoreWeights(), depth=4)
    tree.add(NodeExpansion(0, samples=(Proposal(Action("search"), 0), Proposal(FINISH))))
    query, complete = tree.frontier
    assert query.f == complete.f
    return tree


def test_of_equals_a_complete_plan_is_opened_first(tied: SearchTree) -> None:
    assert search_named("astar", width=1)(tied) is tied.frontier[1]
    assert search_named("beam", width=1)(tied) is tied.frontier[1]


def test_a_run_of_an_older_loop_opens_the_oldest(tied: SearchTree) -> None:
    assert search_named("astar", width=1, loop=ENDINGS_READ)(tied) is tied.frontier[0]


@given(seed=st.integers(0, 10_000))
def test_equals_are_opened_in_an_order_that_has_the_complete_first(seed: int) -> None:
    tree = SearchTree(Plans(), ScoreWeights(), depth=4)
    seen: list[SearchTree] = []

    def least(tree: SearchTree) -> TreeNode | None:
        node = best_first(tree)
        equals = [n for n in tree.frontier if node and abs(n.f - node.f) < 1e-10]
        if any(n.action == FINISH for n in equals):
            assert node is not None
            assert node.action == FINISH
        seen.append(tree)
        return node

    _run(search(tree, least, _Grown(seed), k=4, expansions=30))
    assert seen


def test_an_unknown_search_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no search 'a'.*astar, bfs, dfs, beam, greedy, mcts"):
        search_named("a", width=1)
