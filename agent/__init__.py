"""The agent: runs tasks on budgets that cannot be overspent."""

from __future__ import annotations

from ..journal.event_writer import new_run_id
from ..journal.run_record import Record
from ..planners import final_answer
from .agent import Agent
from .config import Labels, Options
from .delegate import delegate
from .history.diff import Costs, Moment, Parting, costs, parting
from .home import Home, default_home
from .result import Result, WhatIf

__all__ = [
    "Agent",
    "Costs",
    "Home",
    "Labels",
    "Moment",
    "Options",
    "Parting",
    "Record",
    "Result",
    "WhatIf",
    "costs",
    "default_home",
    "delegate",
    "final_answer",
    "new_run_id",
    "parting",
]
