"""Plan, then execute: a list of steps first, then one step after the other.

The plan-and-solve pattern (Wang et al. 2023, arXiv 2305.04091) with tools: each step is a small
ReAct loop in the same trajectory, so that prompts only grow.
"""

from __future__ import annotations

from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from pydantic import BaseModel, Field

from ...journal.records import Message
from ..nodes import Nodes, ended, go
from ..planner import Planner
from ..prompts import prompt
from ..state import SessionProvider, State
from ..structured_output import ask_for, cap

MOST_STEPS = 12
_PLAN_TOKENS = 1000


class StepwisePlan(BaseModel):
    """The plan: what to do, in order."""

    steps: Annotated[list[str], Field(min_length=1, max_length=MOST_STEPS)]


class StepwiseState(State, total=False):
    steps: list[str]
    """What is left of the plan."""


def plan_execute() -> Planner:
    """A plan first; each step is carried out until the policy says what came of it."""

    def build(session: SessionProvider) -> Any:
        nodes = _Stepwise(session)
        graph = StateGraph(StepwiseState)
        nodes.add_to(graph)
        graph.add_node("plan", nodes.plan, destinations=("think",))
        graph.add_node("next", nodes.next, destinations=("think", END))
        graph.add_edge(START, "plan")
        return graph

    return Planner(name="plan_execute", build=build, phases=("steps",))


class _Stepwise(Nodes):
    def __init__(self, session: SessionProvider) -> None:
        super().__init__(session, answered="next")

    async def plan(self, state: StepwiseState) -> Command[Any]:
        """Asks for the steps; without a readable plan the task itself is the only one."""
        async with self.entered("plan", state) as (session, effects):
            asked = (*session.trajectory.messages, Message("user", prompt("steps").text))
            made = await ask_for(
                StepwisePlan, effects, asked, purpose="steps", max_tokens=cap(session, _PLAN_TOKENS)
            )
            if made is None:
                return go("think", session, state, steps=[])
            listed = "\n".join(f"{place}. {step}" for place, step in enumerate(made.steps, 1))
            first, *rest = made.steps
            await session.tell(effects, f"Your plan:\n{listed}\n\n{_order(first, rest)}")
            return go("think", session, state, steps=rest)

    async def next(self, state: StepwiseState) -> Command[Any]:
        """Goes on with the next step; the reply to the last one is the answer."""
        async with self.entered("next", state) as (session, effects):
            steps = state["steps"]
            if state["status"] != "answered" or not steps:
                return ended(session, state)
            first, *rest = steps
            await session.tell(effects, _order(first, rest))
            return go("think", session, state, steps=rest)


def _order(step: str, rest: list[str]) -> str:
    if rest:
        return f"Now: {step}\nReply with what came of this step when it is done."
    return f"Now: {step}\nThis is the last step: then answer the task itself."
