"""Searching a tree: choose a node, try it out if that leaves no trace, ask what comes after it."""

from __future__ import annotations

from ...journal.effects import Refusal
from .actions import FINISH, Lookahead, LookaheadResult, Proposer
from .strategies import Search
from .tree import NodeExpansion, SearchTree, TreeNode

LIMIT = "expansions"
"""The resource of a Refusal that comes from the search's own limit."""


async def search(
    tree: SearchTree,
    choose: Search,
    proposer: Proposer,
    *,
    k: int,
    expansions: int,
    lookahead: Lookahead | None = None,
) -> Refusal | None:
    """Grows a tree until a plan is complete, nothing is left to open, or no more may be asked.

    What was found is `tree.best`; it is complete if it is `tree.goal`.

    Args:
        k: samples of the next step per expansion.
        expansions: the most expansions.
        lookahead: what tries steps out; without it all steps are only planned.

    Returns:
        What ended the search early: the proposer's Refusal, or one of the resource `LIMIT`.
    """
    while tree.goal is None and (node := choose(tree)) is not None:
        came = await opened(tree, node, proposer, k=k, expansions=expansions, lookahead=lookahead)
        if isinstance(came, Refusal):
            return came
        tree.add(came)
    return None


async def opened(
    tree: SearchTree,
    node: TreeNode,
    proposer: Proposer,
    *,
    k: int,
    expansions: int,
    lookahead: Lookahead | None = None,
) -> NodeExpansion | Refusal:
    """Returns what comes of opening a node of the frontier; the tree itself stays as it is.

    A step is tried out first, if every step before it could be; only then, in a second opening of
    the same node, is it asked what comes next. So a step that fails, or reaches the goal, costs no
    expansion, and what was seen is known also where the asking is refused.
    """
    if node.action == FINISH and node.parent is not None:
        return NodeExpansion(node.id, LookaheadResult(solved=True))
    sight = await _looked(tree, node, lookahead)
    if sight is not None:
        return NodeExpansion(node.id, sight)
    if tree.expansions >= expansions:
        return Refusal(LIMIT, f"the search has made all its {expansions} expansions")
    samples = await proposer.propose(tree.plan(node), k)
    return (
        samples if isinstance(samples, Refusal) else NodeExpansion(node.id, samples=tuple(samples))
    )


async def _looked(
    tree: SearchTree, node: TreeNode, lookahead: Lookahead | None
) -> LookaheadResult | None:
    steps = tree.plan(node)
    if lookahead is None or not steps or tree.sight(node) is not None:
        return None
    if any(step.sight is None for step in steps[:-1]):
        return None
    return await lookahead.look([step.action for step in steps])
