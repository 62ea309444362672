"""The agent: runs tasks on budgets that cannot be overspent."""

from __future__ import annotations

from ..planners import final_answer
from .agent import Agent
from .delegate import delegate
from .home import Home, default_home
from .opening import Labels, Options, new_run_id
from .record import Record
from .result import Result

__all__ = [
    "Agent",
    "Home",
    "Labels",
    "Options",
    "Record",
    "Result",
    "default_home",
    "delegate",
    "final_answer",
    "new_run_id",
]
