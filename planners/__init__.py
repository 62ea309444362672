"""Planners: each builds its graph over the shared nodes."""

from __future__ import annotations

from .answers import final_answer
from .budget_tracker import BudgetLine, block
from .planner import Planner
from .prompts import Prompt, prompt
from .registry import planner, planner_names
from .state import Opener, Session, State, Status, Waste

__all__ = [
    "BudgetLine",
    "Opener",
    "Planner",
    "Prompt",
    "Session",
    "State",
    "Status",
    "Waste",
    "block",
    "final_answer",
    "planner",
    "planner_names",
    "prompt",
]
