"""ToolChain*: best-first search over a decision tree of tool calls, and five searches beside it."""

from __future__ import annotations

from .actions import FINISH, Action, Proposal, Proposer
from .lookahead import Forks, World
from .options import Options
from .past_plans import Plans
from .planner import planned, toolchain
from .policy_proposer import FromPolicy
from .scores import Weights
from .search_loop import search
from .strategies import SEARCHES, search_named
from .tree import Tree

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
