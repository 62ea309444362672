"""The agent: runs tasks on budgets that cannot be overspent."""

from __future__ import annotations

from ..journal.event_writer import new_run_id
from ..journal.record.run_record import RunRecord
from ..planners import final_answer
from .agent import Agent
from .config import AgentOptions, RunLabels
from .delegate import delegate
from .history.diff import CallCosts, DiffEntry, Divergence, costs, first_divergence
from .home import Home, default_home
from .result import Result, WhatIf

__all__ = [
    "Agent",
    "AgentOptions",
    "CallCosts",
    "DiffEntry",
    "Divergence",
    "Home",
    "Result",
    "RunLabels",
    "RunRecord",
    "WhatIf",
    "costs",
    "default_home",
    "delegate",
    "final_answer",
    "first_divergence",
    "new_run_id",
]
