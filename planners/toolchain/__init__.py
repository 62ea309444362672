"""ToolChain*: best-first search over a decision tree of tool calls, and five searches beside it."""

from __future__ import annotations

from .actions import FINISH, Action, Proposal, Proposer
from .lookahead import ForkableWorld, ForkLookahead
from .options import ToolchainOptions
from .past_plans import Plans
from .planner import toolchain, toolchain_planner
from .policy_proposer import PolicyProposer
from .scores import ScoreWeights
from .search_loop import search
from .strategies import SEARCHES, search_named
from .tree import SearchTree

__all__ = [
    "FINISH",
    "SEARCHES",
    "Action",
    "ForkLookahead",
    "ForkableWorld",
    "Plans",
    "PolicyProposer",
    "Proposal",
    "Proposer",
    "ScoreWeights",
    "SearchTree",
    "ToolchainOptions",
    "search",
    "search_named",
    "toolchain",
    "toolchain_planner",
]
