"""Planners: each builds its graph over the shared nodes."""

from __future__ import annotations

from ..journal.prompt_files import Prompt
from .answers import final_answer
from .budget_tracker import (
    BudgetLine,
    budget_block,
    calls_in_words,
    old_budget_block,
    price_list,
    tells_free,
)
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
    "calls_in_words",
    "final_answer",
    "old_budget_block",
    "planner",
    "planner_names",
    "price_list",
    "prompt",
    "tells_free",
    "usual_reason",
]
