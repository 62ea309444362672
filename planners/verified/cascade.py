"""A cascade: cheap policies first, dearer ones where the verifier is not satisfied.

FrugalGPT (Chen et al. 2023, arXiv 2305.05176) asks model after model until an answer scores well
enough. Here a rung is a whole attempt with tools; the order is the router's, by what a success
has cost. With a single policy it is ReAct.
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from ..candidates import Candidate, CandidatesState, candidate, chosen, sound
from ..nodes import Nodes, go
from ..planner import Planner
from ..state import Session, SessionProvider
from .verifier import verified, verify_allowance


class CascadeState(CandidatesState, total=False):
    rungs: list[str]
    """The policies that are left to try, by name."""


def cascade() -> Planner:
    """Attempts with one policy of a router after the other, until the verifier is satisfied.

    Each attempt is told what its verifier has said of the one before. The policy that made an
    attempt verifies it. A verdict that cannot be had counts as not satisfied.
    """

    def build(session: SessionProvider) -> Any:
        nodes = _Cascade(session)
        graph = StateGraph(CascadeState)
        nodes.add_to(graph)
        graph.add_node("verify", nodes.verify, destinations=("think", END))
        graph.add_edge(START, "think")
        return graph

    return Planner(
        name="cascade", build=build, phases=("verify",), allowances=(verify_allowance(),),
        escalates=True,
    )  # fmt: skip


class _Cascade(Nodes):
    def __init__(self, session: SessionProvider) -> None:
        super().__init__(session, answered="verify")

    async def verify(self, state: CascadeState) -> Command[Any]:
        """Checks the answer where a policy is left to try; begins with that one if need be."""
        async with self.entered("verify", state) as (session, effects):
            rungs, found = state.get("rungs"), list(state.get("candidates", ()))
            if rungs is None:
                ladder: list[str] = await effects.value(session.ladder)
                rungs = [name for name in ladder if name != session.model]
            if state["status"] != "answered" or not rungs:
                return _finish(session, state, [*found, candidate(state)])
            view = await session.memory.view(session.trajectory, effects)
            verdict = await verified(effects, view)
            judged = verdict.verdict if verdict else ""
            found.append(candidate(state, judged, verdict.why if verdict else ""))
            if judged == "success":
                return _finish(session, state, found)
            notes = verdict.notes() if verdict else ""
            for place, name in enumerate(rungs):
                if await session.begin(effects, notes, model=name):
                    left = rungs[place + 1 :]
                    return go("think", session, state, rungs=left, candidates=found)
            return _finish(session, state, found)


def _finish(session: Session, state: CascadeState, found: list[Candidate]) -> Command[Any]:
    best = sound(found, session.loop)[-1]
    return chosen(session, state, best)
