"""The options of the planner, and the file of remembered plans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...journal.loop_versions import NEWEST
from ...ledger.errors import UsageError
from .past_plans import Plans
from .scores import ScoreWeights
from .strategies import Search, search_named
from .tree import SearchTree

NO_PLANS = "none"


@dataclass(frozen=True, kw_only=True)
class ToolchainOptions:
    """How the tree is searched.

    Raises:
        UsageError: an option makes no sense.
    """

    k: int = 5
    """Samples of the next step per expansion."""
    alpha: float = 0.5
    """Weight from 0 to 1 of likeness to remembered plans in g, against self-consistency."""
    beta: float = 0.5
    """Weight from 0 to 1 of the position in remembered plans in h, against imagination."""
    scaled: bool = False
    """Whether h is multiplied by the number of steps that are imagined to be left."""
    depth: int = 12
    """The most tool calls of a plan."""
    expansions: int = 24
    """The most nodes after which steps are asked for."""
    search: str = "astar"
    """`astar`, `bfs`, `dfs`, `beam`, `greedy` or `mcts`."""
    width: int = 3
    """Nodes that a beam keeps per depth."""
    plans: str = NO_PLANS
    """A file of remembered plans, a JSON list of function names per line; `none`: no plans."""

    def __post_init__(self) -> None:
        for name in ("k", "depth", "expansions", "width"):
            if getattr(self, name) < 1:
                raise UsageError(
                    f"toolchain option {name} must be 1 or more, not {getattr(self, name)}"
                )
        self.tree(remembered(self.plans))
        self.chooser()

    def tree(self, plans: Sequence[Sequence[str]]) -> SearchTree:
        """Returns a tree with nothing but its root, scored by these remembered plans."""
        weights = ScoreWeights(alpha=self.alpha, beta=self.beta, scaled=self.scaled)
        return SearchTree(Plans(plans), weights, depth=self.depth)

    def chooser(self, loop: int = NEWEST) -> Search:
        """Returns what says which node is opened next, in runs by this version of the loop."""
        return search_named(self.search, width=self.width, loop=loop)


def remembered(file: str) -> list[list[str]]:
    """Returns the plans that a file remembers.

    Raises:
        UsageError: the file cannot be read, or a line is no list of function names.
    """
    if file == NO_PLANS:
        return []
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
        plans = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise UsageError(f"the remembered plans in {file} cannot be read: {error}") from error
    for plan in plans:
        if not isinstance(plan, list) or not all(isinstance(step, str) for step in plan):
            raise UsageError(
                f"the remembered plans in {file} need a JSON list of function names per line, "
                f'such as ["search", "open"], not {json.dumps(plan)[:80]}'
            )
    return plans
