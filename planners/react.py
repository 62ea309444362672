"""ReAct: think and act in turn until the policy answers (Yao et al. 2023, arXiv 2210.03629)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from langgraph.graph import START, StateGraph

from .nodes import Nodes
from .state import Session, State


def react(session: Callable[[State], Awaitable[Session]], *, tracked: bool = False) -> Any:
    """Returns the graph `think → (act → think)* → end`, or over `wrap_up` for want of budget.

    Args:
        session: finds the live session of a state.
        tracked: with the Budget Tracker's block after each observation.
    """
    nodes = Nodes(session, tracked=tracked)
    graph = StateGraph(State)
    graph.add_node("think", nodes.think)
    graph.add_node("act", nodes.act)
    graph.add_node("wrap_up", nodes.wrap_up)
    graph.add_edge(START, "think")
    return graph
