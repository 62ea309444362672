"""The agent: runs tasks on budgets that cannot be overspent."""

from __future__ import annotations

from ..planners import final_answer
from .agent import Agent
from .comparing import Costs, Moment, Parting, costs, parting
from .delegate import delegate
from .home import Home, default_home
from .log import new_run_id
from .parts import Labels, Options
from .record import Record
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
