"""Reflexion: try, verify, reflect on what went wrong, try again (Shinn et al. 2023, 2303.11366)."""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from ...journal.effects import Refusal
from ...journal.records import Message
from ..candidates import CandidatesState, candidate, chosen, sound
from ..nodes import Nodes, go
from ..planner import Planner
from ..prompts import prompt
from ..state import SessionProvider
from .verifier import verified, verify_allowance

_REFLECTION_TOKENS = 400


def reflexion(*, n: int = 3) -> Planner:
    """Up to `n` attempts; each is told the reflections on those before it.

    The verifier's `success` ends it; else the last answer counts.
    """

    def build(session: SessionProvider) -> Any:
        nodes = _Reflexion(session, n)
        graph = StateGraph(CandidatesState)
        nodes.add_to(graph)
        graph.add_node("verify", nodes.verify, destinations=("reflect", END))
        graph.add_node("reflect", nodes.reflect, destinations=("think", END))
        graph.add_edge(START, "think")
        return graph

    return Planner(
        name="reflexion", build=build, phases=("verify", "reflect"),
        allowances=(verify_allowance(),),
    )  # fmt: skip


class _Reflexion(Nodes):
    def __init__(self, session: SessionProvider, n: int) -> None:
        super().__init__(session, answered="verify")
        self.n = n

    async def verify(self, state: CandidatesState) -> Command[Any]:
        """Checks the answer; one that the budget forced is not worth checking."""
        async with self.entered("verify", state) as (session, effects):
            if state["status"] != "answered":
                return self._finish(session, state, [*self._found(state), candidate(state)])
            view = await session.memory.view(session.trajectory, effects)
            verdict = await verified(effects, view)
            judged = verdict.verdict if verdict else ""
            found = [*self._found(state), candidate(state, judged, verdict.why if verdict else "")]
            if judged in ("", "success") or len(found) >= self.n:
                return self._finish(session, state, found)
            return go("reflect", session, state, candidates=found)

    async def reflect(self, state: CandidatesState) -> Command[Any]:
        """Asks what to do differently and begins again with that."""
        async with self.entered("reflect", state) as (session, effects):
            view = await session.memory.view(session.trajectory, effects)
            asked = (*view, Message("user", prompt("reflect").text))
            reply = await effects.ask(
                asked, tool_choice="none", purpose="reflect", max_tokens=_REFLECTION_TOKENS
            )
            notes = state.get("notes", [])
            if not isinstance(reply, Refusal):
                notes = [*notes, reply.message.content.strip()]
                told = "\n\n".join(("What earlier attempts have taught:", *notes))
                if await session.begin(effects, told):
                    return go("think", session, state, notes=notes)
            return self._finish(session, state, state["candidates"])

    def _finish(self, session: Any, state: CandidatesState, found: list[Any]) -> Command[Any]:
        best = sound(found, session.loop)[-1]
        return chosen(session, state, best)

    def _found(self, state: CandidatesState) -> list[Any]:
        return list(state.get("candidates", ()))
