"""The nodes that planners share: think, act, wrap up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

from langgraph.errors import GraphBubbleUp
from langgraph.graph import END
from langgraph.types import Command

from ..ledger.effects import Effects, Refusal
from ..ledger.records import Message, Reply
from .prompts import prompt
from .state import Session, State, Status

WASTED_TURNS = 3
"""So many turns in a row without a single tool call that could do anything end the acting."""


class Nodes:
    """The shared nodes over the sessions of an agent.

    Args:
        session: returns the live session of a state; opens or resumes it where there is none.
        tracked: whether the policy is told its budget after each observation.
    """

    def __init__(
        self, session: Callable[[State], Awaitable[Session]], *, tracked: bool = False
    ) -> None:
        self._session = session
        self._tracked = tracked

    async def think(self, state: State) -> Command[Literal["act", "wrap_up", "__end__"]]:
        """Asks the policy once for its next tool calls or its answer."""
        async with self._entered("think", state) as (session, effects):
            return await self._think(session, effects, state)

    async def _think(self, session: Session, effects: Effects, state: State) -> Command[Any]:
        view = await session.memory.view(session.trajectory, effects)
        reply = await effects.ask(view, ahead=True)
        if isinstance(reply, Refusal):
            return _go("wrap_up", session, state, why=reply.why)
        session.replied(view, reply.message)
        if reply.message.tool_calls:
            return _go("act", session, state, wasted=state.get("wasted", 0))
        session.trajectory.append(reply.message)
        return _end(session, state, "answered", reply.message.content)

    async def act(self, state: State) -> Command[Literal["think", "wrap_up", "__end__"]]:
        """Runs the tool calls of the last reply and lets the policy see what came of them."""
        async with self._entered("act", state) as (session, effects):
            return await self._act(session, effects, state)

    async def _act(self, session: Session, effects: Effects, state: State) -> Command[Any]:
        reply = session.pending
        observations = await effects.call(reply.tool_calls)
        await session.observe(effects, reply, observations, self._tracked)
        waste = session.wasted(reply.tool_calls)
        wasted = state.get("wasted", 0) + 1 if waste else 0
        if wasted >= WASTED_TURNS and waste == "malformed":
            why = f"the policy wrote nothing but malformed tool calls, {wasted} times in a row"
            return _end(session, state, "failed", session.trajectory.best_answer, why)
        if wasted >= WASTED_TURNS or not session.tools_left:
            return _go("wrap_up", session, state, why="no tool is left that the budget can pay")
        return _go("think", session, state, wasted=wasted)

    async def wrap_up(self, state: State) -> Command[Literal["__end__"]]:
        """Asks for one last reply without tools, out of what was kept back for it."""
        async with self._entered("wrap_up", state) as (session, effects):
            return await self._wrap_up(session, effects, state)

    async def _wrap_up(self, session: Session, effects: Effects, state: State) -> Command[Any]:
        instruction = Message("user", prompt("wrap_up").text)
        view = await session.memory.view(session.trajectory, effects)
        reply: Reply | Refusal = Refusal("", "")
        for messages in dict.fromkeys((view, session.last_prompt)):
            reply = await effects.ask((*messages, instruction), tool_choice="none", last=True)
            if isinstance(reply, Reply):
                session.trajectory.append(instruction, reply.message)
                break
        best = session.trajectory.best_answer
        why = reply.why if isinstance(reply, Refusal) else state.get("why", "")
        return _end(session, state, "budget_exhausted", best, why)

    @asynccontextmanager
    async def _entered(self, node: str, state: State) -> AsyncIterator[tuple[Session, Effects]]:
        session = await self._session(state)
        try:
            yield session, session.enter(node, state)
        except GraphBubbleUp:  # an interrupt: the graph comes back to this node
            raise
        except BaseException as error:
            session.broke(error)
            raise


def _advance(session: Session, state: State) -> State:
    return {
        "run": session.run,
        "step": state.get("step", 0) + 1,
        "length": len(session.trajectory),
    }


def _go(
    node: str, session: Session, state: State, *, why: str = "", wasted: int = 0
) -> Command[Any]:
    update = _advance(session, state)
    update["wasted"] = wasted
    if why:
        update["why"] = why
    return Command(goto=node, update=update)


def _end(
    session: Session, state: State, status: Status, answer: str | None, why: str = ""
) -> Command[Any]:
    update: State = {**_advance(session, state), "status": status, "answer": answer, "why": why}
    session.end({**state, **update})
    return Command(goto=END, update=update)
