"""Parallel-distill-refine (PDR; "Rethinking Thinking Tokens", 2025, arXiv 2510.01123).

Each round drafts several answers from one workspace; the policy distils the drafts into the next
workspace, of bounded length; the last round has one draft. The drafts of a round do not see each
other. They are made one after the other, so two sums are logged: the tokens of all calls, and
those of the longest way through (what it would take if a round's drafts ran side by side).
"""

from __future__ import annotations

from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from ...journal.effects import Effects, Refusal
from ...journal.records import Message
from ..answers import final_answer
from ..nodes import Nodes, end, go
from ..planner import Planner
from ..prompts import prompt
from ..state import Session, SessionProvider, State, Status

_DRAFT_CHARACTERS = 2000


class Draft(TypedDict):
    """One draft: its last words, how they came about, and all tokens of it."""

    text: str
    status: Status
    tokens: int


class DistillState(State, total=False):
    round: int
    drafts: list[Draft]
    """Those of the present round."""
    workspace: str
    sequential: int
    """Tokens of the longest way so far."""
    before: int
    """Tokens of the run when the present draft began."""


def pdr(*, drafts: int = 3, rounds: int = 2, workspace_tokens: int = 500) -> Planner:
    """`rounds` rounds of `drafts` drafts each, the last one of a single draft.

    Args:
        drafts: drafts in each round but the last.
        rounds: rounds, the last one included.
        workspace_tokens: the most tokens of the workspace that a round leaves to the next.
    """

    def build(session: SessionProvider) -> Any:
        nodes = _Distill(session, drafts, rounds, workspace_tokens)
        graph = StateGraph(DistillState)
        nodes.add_to(graph)
        graph.add_node("collect", nodes.collect, destinations=("think", "distill", END))
        graph.add_node("distill", nodes.distill, destinations=("think", END))
        graph.add_edge(START, "think")
        return graph

    return Planner(name="pdr", build=build, phases=("distill",))


class _Distill(Nodes):
    def __init__(self, session: SessionProvider, drafts: int, rounds: int, workspace: int) -> None:
        super().__init__(session, answered="collect")
        self.drafts = drafts
        self.rounds = rounds
        self.workspace = workspace

    async def collect(self, state: DistillState) -> Command[Any]:
        """Keeps a draft; begins the next one, or leaves the round to be distilled."""
        async with self.entered("collect", state) as (session, effects):
            total = await effects.value(lambda: session.tokens)
            draft: Draft = {
                "text": state.get("answer") or "",
                "status": state["status"],
                "tokens": total - state.get("before", 0),
            }
            found = [*state.get("drafts", ()), draft]
            sequential = state.get("sequential", 0)
            last = state.get("round", 1) >= self.rounds
            forced = draft["status"] != "answered"
            if last or (forced and not state.get("workspace") and len(found) == 1):
                return await self._finish(session, effects, state, found, total)
            notes = _notes(state.get("workspace", ""))
            if len(found) < self.drafts and not forced and await session.begin(effects, notes):
                return go("think", session, state, drafts=found, before=total)
            sequential += max(one["tokens"] for one in found)
            return go("distill", session, state, drafts=found, sequential=sequential, before=total)

    async def distill(self, state: DistillState) -> Command[Any]:
        """Makes the drafts into the workspace of the next round."""
        async with self.entered("distill", state) as (session, effects):
            found = state["drafts"]
            listed = "\n\n".join(
                f"Draft {place}:\n{draft['text'][-_DRAFT_CHARACTERS:]}"
                for place, draft in enumerate(found, start=1)
            )
            question = Message("user", f"{prompt('distill').text}\n\n{listed}")
            asked = (*session.trajectory.messages[:2], question)
            reply = await effects.ask(
                asked, tool_choice="none", purpose="distill", max_tokens=self.workspace
            )
            total = await effects.value(lambda: session.tokens)
            sequential = state["sequential"] + total - state["before"]
            if not isinstance(reply, Refusal):
                workspace = reply.message.content.strip()
                number = state.get("round", 1) + 1
                if await session.begin(effects, _notes(workspace)):
                    return go(
                        "think", session, state, round=number, drafts=[], workspace=workspace,
                        sequential=sequential, before=total,
                    )  # fmt: skip
            return await self._finish(session, effects, state, found, total)

    async def _finish(
        self,
        session: Session,
        effects: Effects,
        state: DistillState,
        found: list[Draft],
        total: int,
    ) -> Command[Any]:
        own = [draft for draft in found if draft["status"] == "answered"] or found
        best = next((d for d in reversed(own) if final_answer(d["text"])), own[-1])
        way = state.get("sequential", 0) + best["tokens"]
        await effects.value(lambda: {"sequential_tokens": way, "total_tokens": total})
        why, reason = state.get("why", ""), state.get("reason", "")
        is_last = best["status"] == state["status"]
        return end(session, state, best["status"], best["text"], why, reason if is_last else "")


def _notes(workspace: str) -> str:
    return f"What earlier drafts have found:\n{workspace}" if workspace else ""
