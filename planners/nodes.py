"""The nodes that planners share: think, act, wrap up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from langgraph.errors import GraphBubbleUp
from langgraph.graph import END
from langgraph.types import Command

from ..journal.effects import Effects, Refusal
from ..journal.endings import FLAWS
from ..journal.notices import NothingDone, Notice, notices_of
from ..journal.prompt_files import prompt_versions
from ..journal.records import Message, Reply
from ..ledger.errors import PolicyError
from .announcements import NO_ANSWER
from .critic import criticised
from .prompts import prompt
from .state import Reason, Session, SessionProvider, State, Status

_CUT = {
    "length": "was cut off at its limit of output tokens",
    "timed_out": "took too long and was cut off",
}
WASTED_TURNS = 3
"""So many turns in a row without a single tool call that could do anything end the acting."""


class Nodes:
    """The shared nodes over the sessions of an agent.

    Args:
        session: returns the live session of a state; opens or resumes it where there is none.
        answered: the node that takes an answer further; without one an answer ends the run.
            The state has the `answer` and, as its `status`, how it came about.
        acted: the node that comes after `act`.
    """

    def __init__(
        self, session: SessionProvider, *, answered: str = "", acted: str = "think"
    ) -> None:
        self._session = session
        self._answered = answered
        self._acted = acted

    async def think(self, state: State) -> Command[Literal["think", "act", "wrap_up", "__end__"]]:
        """Asks the policy once for its next tool calls or its answer."""
        async with self.entered("think", state) as (session, effects):
            view = await session.memory.view(session.trajectory, effects)
            ahead = session.planner.critic is None
            reply = await effects.ask(view, ahead=ahead, draw=session.attempt)
            if isinstance(reply, Refusal):
                return go("wrap_up", session, state, why=reply.why, over=spent(reply))
            session.replied(view, reply.message)
            if reply.message.tool_calls:
                return go("act", session, state, wasted=state.get("wasted", 0))
            flaw = session.flaw(reply)
            if reply.message.content or flaw != "length":
                session.trajectory.append(reply.message)
            if flaw in ("length", "timed_out"):
                over = f"your last reply {_CUT[flaw]}"
                return go("wrap_up", session, state, why=FLAWS[flaw], over=over, reason=flaw)
            said = session.unfinished(reply.message.content)
            if said and not _is_nudged(session):
                names = tuple(tool.name for tool in session.tools)
                await session.tell(effects, NothingDone(said=said, tools=names))
                return go("think", session, state)
            if said:
                best = session.trajectory.best_answer
                return self._answer(session, state, "failed", best, NO_ANSWER[said], "no_answer")
            return self._answer(session, state, "answered", reply.message.content)

    async def act(self, state: State) -> Command[Literal["think", "wrap_up", "__end__"]]:
        """Runs the tool calls of the last reply and lets the policy see what came of them."""
        async with self.entered("act", state) as (session, effects):
            reply = session.pending
            observations = await criticised(session, effects, reply)
            remark = await self.remark(session, state, reply)
            await session.observe(effects, reply, observations, remark)
            waste = session.wasted(reply.tool_calls)
            wasted = state.get("wasted", 0) + 1 if waste else 0
            if wasted >= WASTED_TURNS and waste == "malformed":
                why = f"the policy wrote nothing but malformed tool calls, {wasted} times in a row"
                best = session.trajectory.best_answer
                return self._answer(session, state, "failed", best, why, "malformed_calls")
            if wasted >= WASTED_TURNS or not session.tools_left:
                why = "no tool is left that the budget can pay"
                return go("wrap_up", session, state, why=why)
            return go(self._acted, session, state, wasted=wasted)

    async def wrap_up(self, state: State) -> Command[Literal["__end__"]]:
        """Asks for one last reply without tools, out of what was kept back for it."""
        async with self.entered("wrap_up", state) as (session, effects):
            over = state.get("over") or state.get("why") or "the budget is used up"
            instruction = Message("user", prompt("wrap_up").text.replace("{why}", over))
            view = await session.memory.view(session.trajectory, effects)
            reply: Reply | Refusal = Refusal("", "")
            for messages in dict.fromkeys((view, session.last_prompt)):
                try:
                    reply = await effects.ask(
                        (*messages, instruction), tool_choice="none", purpose="wrap_up"
                    )
                except PolicyError as error:
                    if not session.reads_endings:
                        raise
                    told = (state.get("why", ""), f"the wrap-up reply failed: {error}")
                    reply = Refusal("", "; ".join(filter(None, told)))
                    break
                if isinstance(reply, Reply):
                    session.trajectory.append(instruction, reply.message)
                    break
            best = session.trajectory.best_answer
            why = reply.why if isinstance(reply, Refusal) else state.get("why", "")
            cut = state.get("reason")
            reason: Reason = cut if cut in ("length", "timed_out") else "budget"
            return self._answer(session, state, "budget_exhausted", best, why, reason)

    async def remark(self, session: Session, state: State, reply: Message) -> Notice | None:
        """Returns what the policy is to be told of its reply, beside what its calls brought."""
        return None

    def add_to(self, graph: Any) -> None:
        """Adds the nodes to a `StateGraph`; where a node goes next it says itself."""
        after = (self._answered,) if self._answered else (END,)
        graph.add_node("think", self.think, destinations=("think", "act", "wrap_up", *after))
        graph.add_node(
            "act", self.act, input_schema=graph.state_schema,  # `remark` may look at all of it
            destinations=(self._acted, "wrap_up", *after),
        )  # fmt: skip
        graph.add_node("wrap_up", self.wrap_up, destinations=after)

    def _answer(
        self,
        session: Session,
        state: State,
        status: Status,
        answer: str | None,
        why: str = "",
        reason: Reason | Literal[""] = "",
    ) -> Command[Any]:
        if not self._answered:
            return end(session, state, status, answer, why, reason)
        found: State = {"answer": answer, "status": status, "why": why, "reason": reason}
        return go(self._answered, session, state, **found)

    @asynccontextmanager
    async def entered(self, node: str, state: State) -> AsyncIterator[tuple[Session, Effects]]:
        """Gives the session and the effects of a node; books a run that breaks off in it."""
        session = await self._session(state)
        try:
            with prompt_versions(session.prompts):
                yield session, session.enter(node, state)
        except GraphBubbleUp:  # an interrupt: the graph comes back to this node
            raise
        except BaseException as error:
            await session.broke(error)
            raise


def _is_nudged(session: Session) -> bool:
    """Says whether the last reply came after the policy was told that it had done nothing."""
    *_, before, _reply = session.trajectory.messages
    return any(isinstance(notice, NothingDone) for notice in notices_of(before.notice))


def spent(refusal: Refusal) -> str:
    """Returns what a policy is told when no call but its last one can be paid."""
    if refusal.resource == "seconds":
        return "the time is over"
    if refusal.resource == "closed":
        return "a call has cost more than was set aside for it"
    return f"what is left of the {refusal.resource} pays for this reply and no more"


def go(node: str, session: Session, state: State, **update: Any) -> Command[Any]:
    """Goes on at another node, with changes to the state; what is of one node starts anew."""
    changed: dict[str, Any] = {"wasted": 0, **_advance(session, state), **update}
    for name in ("reason", "over"):
        if state.get(name):
            changed.setdefault(name, "")
    return Command(goto=node, update=changed)


def end(
    session: Session,
    state: State,
    status: Status,
    answer: str | None,
    why: str = "",
    reason: Reason | Literal[""] = "",
) -> Command[Any]:
    """Ends the run."""
    found: State = {"status": status, "answer": answer, "why": why, "reason": reason}
    ended = session.end({**state, **_advance(session, state), **found})
    given = {"status", "answer", "why", "reason", "run", "step"}
    return Command(goto=END, update={name: v for name, v in ended.items() if name in given})


def ended(session: Session, state: State) -> Command[Any]:
    """Ends the run as the state says that its answer came about."""
    status, answer = state["status"], state.get("answer")
    return end(session, state, status, answer, state.get("why", ""), state.get("reason", ""))


def _advance(session: Session, state: State) -> State:
    return {"run": session.run, "step": state.get("step", 0) + 1}
