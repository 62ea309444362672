"""ReAct that is sent on: "you still have budget" (sequential scaling, BATS's baseline)."""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from ..nodes import Nodes, ended, go
from ..planner import Planner
from ..prompts import prompt
from ..state import Session, SessionProvider, State


def sequential(*, patience: int = 5) -> Planner:
    """After each answer the policy is told to use what budget is left and look further.

    It ends after `patience` answers in a row without a tool call (5 in Liu et al. 2025, arXiv
    2511.17006), or when the budget is used up; the last answer counts.
    """

    def build(session: SessionProvider) -> Any:
        nodes = _Sequential(session, patience)
        graph = StateGraph(State)
        nodes.add_to(graph)
        graph.add_node("urge", nodes.urge, destinations=("think", END))
        graph.add_edge(START, "think")
        return graph

    return Planner(name="sequential", build=build, phases=("urge",))


class _Sequential(Nodes):
    def __init__(self, session: SessionProvider, patience: int) -> None:
        super().__init__(session, answered="urge")
        self.patience = patience

    async def urge(self, state: State) -> Command[Any]:
        """Sends the policy on while it has budget and still uses tools."""
        async with self.entered("urge", state) as (session, effects):
            status = state["status"]
            idle = _answers_in_a_row(session)
            if status != "answered" or idle >= self.patience or not session.tools_left:
                return ended(session, state)
            await session.tell(effects, prompt("urge").text)
            return go("think", session, state)


def _answers_in_a_row(session: Session) -> int:
    count = 0
    for message in reversed(session.trajectory.messages):
        if message.role == "tool":
            break
        count += message.role == "assistant"
    return count
