"""The decision tree of tool calls: a node is a step, the way to it from the root is a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from statistics import fmean
from typing import Any, Literal

from .actions import FINISH, Action, LookaheadResult, PlanStep, Proposal
from .past_plans import Plans, Rows
from .scores import ScoreWeights

Fate = Literal["open", "grown", "dead", "goal"]
"""`open`: may be opened next; `grown`: has children; `dead`: no plan goes on from here."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TreeNode:
    """A step of a plan, as it looked when it was proposed."""

    id: int
    """Its place in the order of growth; the root is 0."""
    parent: TreeNode | None
    action: Action
    depth: int
    """Tool calls from the root to here; FINISH is none."""
    ranks: tuple[int, ...]
    """The place among its siblings of each step from the root; 0 is what most samples propose."""
    g: float
    """What the plan has cost in plausibility so far."""
    h: float
    """What it is expected to cost still."""
    rows: Rows

    @property
    def f(self) -> float:
        return self.g + self.h


@dataclass(frozen=True)
class NodeExpansion:
    """What was seen of a node, or what was proposed after it. A JSON record."""

    node: int
    sight: LookaheadResult | None = None
    samples: tuple[Proposal, ...] | None = None
    """None: nothing was asked yet."""

    def to_dict(self) -> dict[str, Any]:
        sight = self.sight and list(astuple(self.sight))
        listed = [[s.action.name, s.action.arguments, s.remaining] for s in self.samples or ()]
        samples = None if self.samples is None else listed
        return {"node": self.node, "sight": sight, "samples": samples}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NodeExpansion:
        listed = data["samples"] or ()
        samples = tuple(Proposal(Action(name, text), left) for name, text, left in listed)
        sight = data["sight"] and LookaheadResult(*data["sight"])
        return cls(data["node"], sight, None if data["samples"] is None else samples)


class SearchTree:
    """What has been opened so far, and the frontier. It only grows.

    Args:
        plans: remembered plans.
        weights: how the scores are weighed.
        depth: the most tool calls of a plan.

    Attributes:
        expansions: nodes after which steps were asked for.
        opened: nodes that are open no longer, in the order in which they were settled.
        goal: the node with a complete plan, once there is one.
    """

    def __init__(self, plans: Plans, weights: ScoreWeights, *, depth: int) -> None:
        root = TreeNode(
            id=0, parent=None, action=FINISH, depth=0, ranks=(), g=0.0, h=0.0, rows=plans.start
        )
        self.expansions = 0
        self.opened: list[TreeNode] = []
        self.goal: TreeNode | None = None
        self._plans = plans
        self._weights = weights
        self._depth = depth
        self._nodes = [root]
        self._fates: list[Fate] = ["open"]
        self._sights: dict[int, LookaheadResult] = {}
        self._children: dict[int, tuple[TreeNode, ...]] = {}

    @property
    def root(self) -> TreeNode:
        return self._nodes[0]

    @property
    def frontier(self) -> list[TreeNode]:
        """The nodes that may be opened next, in the order of growth."""
        return [node for node in self._nodes if self._fates[node.id] == "open"]

    @property
    def nodes(self) -> Sequence[TreeNode]:
        return self._nodes

    def fate(self, node: TreeNode) -> Fate:
        return self._fates[node.id]

    def sight(self, node: TreeNode) -> LookaheadResult | None:
        return self._sights.get(node.id)

    def children(self, node: TreeNode) -> tuple[TreeNode, ...]:
        """Returns the steps proposed after a node, what most samples propose first."""
        return self._children.get(node.id, ())

    def plan(self, node: TreeNode) -> tuple[PlanStep, ...]:
        """Returns the tool calls from the root to a node."""
        steps: list[PlanStep] = []
        while node.parent is not None:
            if node.action != FINISH:
                steps.append(PlanStep(node.action, self.sight(node)))
            node = node.parent
        return tuple(reversed(steps))

    def best(self) -> TreeNode:
        """Returns the goal, else the node of the frontier with the least h, of equals the least f.

        The root if the frontier is empty: every plan has come to a dead end.
        """
        nearest = min(self.frontier, key=lambda n: (n.h, n.f, n.id), default=self.root)
        return self.goal or nearest

    def add(self, opened: NodeExpansion) -> None:
        """Takes in what came of opening a node of the frontier."""
        node = self._nodes[opened.node]
        if self._fates[node.id] != "open":
            raise ValueError(f"node {node.id} is {self._fates[node.id]}: it cannot be opened")
        sight, samples = opened.sight, opened.samples
        if sight is not None:
            self._sights[node.id] = sight
            if sight.solved:
                self.goal = node
            if sight.solved or sight.failed:
                self._fates[node.id] = "goal" if sight.solved else "dead"
                self.opened.append(node)
                return
        if samples is not None:
            self._expand(node, samples)

    def _expand(self, node: TreeNode, samples: Sequence[Proposal]) -> None:
        self.opened.append(node)
        self.expansions += 1
        self._children[node.id] = self._grow(node, samples)
        self._fates[node.id] = "grown" if self._children[node.id] else "dead"

    def _grow(self, parent: TreeNode, samples: Sequence[Proposal]) -> tuple[TreeNode, ...]:
        """Makes one child of all samples with the same step, of the most frequent first."""
        counts = Counter(sample.action for sample in samples)
        steps = [a for a, _ in counts.most_common() if a == FINISH or parent.depth < self._depth]
        grown: list[TreeNode] = []
        for rank, action in enumerate(steps):
            left = [s.remaining for s in samples if s.action == action and s.remaining is not None]
            share = counts[action] / len(samples)
            grown.append(self._child(parent, rank, action, share, fmean(left) if left else None))
        return tuple(grown)

    def _child(
        self, parent: TreeNode, rank: int, action: Action, share: float, remaining: float | None
    ) -> TreeNode:
        if action == FINISH:
            depth, rows, h = parent.depth, parent.rows, 0.0
        else:
            depth, rows = parent.depth + 1, self._plans.extend(parent.rows, action.name)
            h = self._weights.ahead(self._plans.position(action.name), depth, remaining)
        cost = self._weights.cost(self._plans.similarity(rows, depth), share)
        node = TreeNode(
            id=len(self._nodes), parent=parent, action=action, depth=depth,
            ranks=(*parent.ranks, rank), g=parent.g + cost, h=h, rows=rows,
        )  # fmt: skip
        self._nodes.append(node)
        self._fates.append("open")
        return node
