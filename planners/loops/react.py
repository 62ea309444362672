"""ReAct: think and act in turn until the policy answers (Yao et al. 2023, arXiv 2210.03629)."""

from __future__ import annotations

from typing import Any

from langgraph.graph import START, StateGraph

from ..nodes import Nodes
from ..planner import Planner
from ..state import SessionProvider, State


def react() -> Planner:
    """`think → (act → think)* → end`, or over `wrap_up` for want of budget."""
    return Planner(name="react", build=_build)


def tracker() -> Planner:
    """ReAct with the Budget Tracker (BATS, Liu et al. 2025, arXiv 2511.17006)."""
    return Planner(name="tracker", build=_build, tracked=True)


def _build(session: SessionProvider) -> Any:
    graph = StateGraph(State)
    Nodes(session).add_to(graph)
    graph.add_edge(START, "think")
    return graph
