"""The bare model: one call, without tools. What other planners are worth is seen beside it."""

from __future__ import annotations

from typing import Any, Literal

from langgraph.graph import START, StateGraph
from langgraph.types import Command

from ...journal.effects import Refusal
from ..announcements import NO_ANSWER
from ..nodes import Nodes, end, go, spent
from ..planner import Planner
from ..prompts import prompt
from ..state import SessionProvider, State

Mode = Literal["instant", "reasoning"]


def instant() -> Planner:
    """One call that answers at once, without tools."""
    return _bare("instant")


def reasoning() -> Planner:
    """One call that thinks step by step and then answers, without tools."""
    return _bare("reasoning")


def _bare(mode: Mode) -> Planner:
    def build(session: SessionProvider) -> Any:
        nodes = _Bare(session, mode)
        graph = StateGraph(State)
        graph.add_node("reply", nodes.reply, destinations=("wrap_up", "__end__"))
        graph.add_node("wrap_up", nodes.wrap_up, destinations=("__end__",))
        graph.add_edge(START, "reply")
        return graph

    return Planner(name=mode, build=build, phases=(mode,))


class _Bare(Nodes):
    def __init__(self, session: SessionProvider, mode: Mode) -> None:
        super().__init__(session)
        self.mode = mode

    async def reply(self, state: State) -> Command[Literal["wrap_up", "__end__"]]:
        """Asks for the answer, once and without tools."""
        async with self.entered("reply", state) as (session, effects):
            await session.tell(effects, prompt(self.mode).text)
            view = await session.memory.view(session.trajectory, effects)
            reply = await effects.ask(view, tool_choice="none", purpose=self.mode)
            if isinstance(reply, Refusal):
                return go("wrap_up", session, state, why=reply.why, over=spent(reply))
            session.trajectory.append(reply.message)
            text = reply.message.content
            if said := session.unfinished(text):
                best = session.trajectory.best_answer
                return end(session, state, "failed", best, NO_ANSWER[said], "no_answer")
            return end(session, state, "answered", text)
