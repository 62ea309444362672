"""Several attempts under one budget, and one answer: majority vote and best-of-N.

Both are the parallel baselines of BATS (Liu et al. 2025, arXiv 2511.17006). Here the attempts
share one budget and follow one another, so that what one leaves unspent is the next one's.
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from ..candidates import CandidatesState, candidate, chosen, judged, majority, select_allowance
from ..nodes import Nodes, go
from ..planner import Planner
from ..state import SessionProvider


def vote(*, n: int = 4) -> Planner:
    """Up to `n` attempts; the answer that most of them give, the earliest of equals."""

    def build(session: SessionProvider) -> Any:
        return _graph(_Vote(session, n, judge=False))

    return Planner(name="vote", build=build)


def best_of(*, n: int = 4) -> Planner:
    """Up to `n` attempts; a judge picks the answer where they differ."""

    def build(session: SessionProvider) -> Any:
        return _graph(_Vote(session, n, judge=True))

    after_wrap_up = (select_allowance(),)
    return Planner(name="best_of", build=build, phases=("select",), after_wrap_up=after_wrap_up)


class _Vote(Nodes):
    def __init__(self, session: SessionProvider, n: int, *, judge: bool) -> None:
        super().__init__(session, answered="collect")
        self.n = n
        self.judge = judge

    async def collect(self, state: CandidatesState) -> Command[Any]:
        """Keeps an attempt's answer and begins the next attempt, if there is one."""
        async with self.entered("collect", state) as (session, effects):
            found = [*state.get("candidates", ()), candidate(state)]
            if len(found) < self.n and await session.begin(effects):
                return go("think", session, state, candidates=found)
            return go("choose", session, state, candidates=found)

    async def choose(self, state: CandidatesState) -> Command[Any]:
        """Chooses among the answers."""
        async with self.entered("choose", state) as (session, effects):
            found = state["candidates"]
            best = (
                await judged(session, effects, found)
                if self.judge
                else majority(found, session.loop)
            )
            return chosen(session, state, best)


def _graph(nodes: _Vote) -> Any:
    graph = StateGraph(CandidatesState)
    nodes.add_to(graph)
    graph.add_node("collect", nodes.collect, destinations=("think", "choose"))
    graph.add_node("choose", nodes.choose, destinations=(END,))
    graph.add_edge(START, "think")
    return graph
