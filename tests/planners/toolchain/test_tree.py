"""The tree: equal proposals are one node, and its record grows the same tree again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.planners.toolchain import FINISH, Action, Plans, Proposal, ScoreWeights, SearchTree
from outlay.planners.toolchain.actions import LookaheadResult
from outlay.planners.toolchain.tree import NodeExpansion

ACTIONS = st.sampled_from([FINISH, *(Action(name) for name in "abc")])
SAMPLES = st.lists(st.builds(Proposal, ACTIONS, st.none() | st.integers(0, 5)), max_size=6).map(
    tuple
)


def planted(depth: int = 4) -> SearchTree:
    return SearchTree(Plans([["a", "b"], ["c", "a", "b"]]), ScoreWeights(), depth=depth)


@st.composite
def records(draw: st.DrawFn) -> list[NodeExpansion]:
    """Draws what came of opening nodes, one after the other, of a tree that grows with it."""
    tree, made = planted(), []
    for _ in range(draw(st.integers(0, 8))):
        if not tree.frontier:
            break
        node = draw(st.sampled_from(tree.frontier))
        sight = draw(st.none() | st.builds(LookaheadResult, st.text(max_size=3), st.booleans()))
        settled = sight is not None and sight.failed
        opened = NodeExpansion(node.id, sight, None if settled else draw(SAMPLES))
        tree.add(opened)
        made.append(opened)
    return made


@given(records())
def test_a_record_in_json_grows_the_same_tree_again(made: list[NodeExpansion]) -> None:
    first, second = planted(), planted()
    for opened in made:
        first.add(opened)
        second.add(NodeExpansion.from_dict(json.loads(json.dumps(opened.to_dict()))))
    assert [vars_of(node) for node in first.nodes] == [vars_of(node) for node in second.nodes]
    assert [first.fate(n) for n in first.nodes] == [second.fate(n) for n in second.nodes]
    assert (first.expansions, first.best().id) == (second.expansions, second.best().id)


def vars_of(node: object) -> dict[str, object]:
    return {k: v for k, v in vars(node).items() if k != "parent"}


@given(records())
def test_a_child_costs_no_less_than_its_parent_and_siblings_differ(
    made: list[NodeExpansion],
) -> None:
    tree = planted()
    for opened in made:
        tree.add(opened)
    for node in tree.nodes:
        children = tree.children(node)
        assert all(child.g >= node.g for child in children)
        assert len({child.action for child in children}) == len(children)
        assert [child.ranks for child in children] == [
            (*node.ranks, rank) for rank in range(len(children))
        ]


def test_equal_samples_are_one_node_and_the_most_frequent_comes_first() -> None:
    tree = SearchTree(Plans(), ScoreWeights(), depth=4)
    calls = {'{"x": 1, "y": 2}': 1, '{"z": 0}': 0, '{"y":2,"x":1}': 2, '{"y":2,"x":1.0}': 3}
    samples = [Proposal(Action.of("f", text), left) for text, left in calls.items()]
    tree.add(NodeExpansion(0, None, tuple(samples)))
    first, second = tree.children(tree.root)
    assert first.g == pytest.approx(1 - 3 / 4)
    assert second.g == pytest.approx(1 - 1 / 4)
    assert first.h == pytest.approx(1 - 1 / 3)


def test_no_plan_is_longer_than_the_depth_but_it_may_be_complete() -> None:
    tree = planted(depth=1)
    tree.add(NodeExpansion(0, None, (Proposal(Action("a"), 1),)))
    (leaf,) = tree.frontier
    tree.add(NodeExpansion(leaf.id, None, (Proposal(Action("b"), 0), Proposal(FINISH, 0))))
    (end,) = tree.children(leaf)
    assert (end.action, end.depth, end.h) == (FINISH, 1, 0.0)


def test_a_node_without_readable_samples_is_dead() -> None:
    tree = planted()
    tree.add(NodeExpansion(0, None, ()))
    assert (tree.fate(tree.root), tree.expansions) == ("dead", 1)
    with pytest.raises(ValueError, match="node 0 is dead"):
        tree.add(NodeExpansion(0, None, ()))


def test_the_best_of_an_incomplete_tree_is_alive_and_nearest_to_the_goal() -> None:
    tree = planted()
    assert tree.best() is tree.root
    tree.add(NodeExpansion(0, None, (Proposal(Action("a"), 3), Proposal(Action("b"), 1))))
    far, near = tree.children(tree.root)
    assert tree.best() is near
    tree.add(NodeExpansion(near.id, LookaheadResult("no", failed=True)))
    assert tree.best() is far
    tree.add(NodeExpansion(far.id, LookaheadResult("yes", solved=True)))
    assert tree.best() is tree.goal is far


def test_without_a_frontier_there_is_no_plan() -> None:
    tree = planted()
    tree.add(NodeExpansion(0, None, (Proposal(Action("a"), 3),)))
    (only,) = tree.frontier
    tree.add(NodeExpansion(only.id, None, ()))
    assert tree.plan(tree.best()) == ()


def test_the_plan_to_a_node_are_its_calls() -> None:
    tree = planted()
    tree.add(NodeExpansion(0, None, (Proposal(Action("a"), 3),)))
    (far,) = tree.frontier
    tree.add(NodeExpansion(far.id, LookaheadResult("yes", solved=True)))
    assert [step.action.name for step in tree.plan(far)] == ["a"]
