"""Planners: each builds its graph over the shared nodes."""

from __future__ import annotations

from ..journal.prompt_files import Prompt
from .answers import final_answer
from .budget_tracker import BudgetLine, budget_block
from .planner import Planner
from .prompts import prompt
from .registry import planner, planner_names
from .state import (
    Reason,
    Session,
    SessionProvider,
    State,
    Status,
    WastedTurn,
    usual_reason,
)

__all__ = [
    "BudgetLine",
    "Planner",
    "Prompt",
    "Reason",
    "Session",
    "SessionProvider",
    "State",
    "Status",
    "WastedTurn",
    "budget_block",
    "final_answer",
    "planner",
    "planner_names",
    "prompt",
    "usual_reason",
]
