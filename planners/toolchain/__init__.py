"""ToolChain*: best-first search over a decision tree of tool calls, and five searches beside it."""

from __future__ import annotations

from .actions import FINISH, Action, Proposal, Proposer
from .options import Options
from .planner import planned, toolchain
from .plans import Plans
from .proposing import FromPolicy
from .scores import Weights
from .searches import SEARCHES, search_named
from .searching import search
from .tree import Tree
from .worlds import Forks, World

__all__ = [
    "FINISH",
    "SEARCHES",
    "Action",
    "Forks",
    "FromPolicy",
    "Options",
    "Plans",
    "Proposal",
    "Proposer",
    "Tree",
    "Weights",
    "World",
    "planned",
    "search",
    "search_named",
    "toolchain",
]
