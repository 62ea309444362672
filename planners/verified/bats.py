"""BATS: plan, act, verify, then dig deeper or pivot, until the budget is used up.

Liu et al. 2025, "Budget-Aware Tool-Use Enables Effective Agent Scaling", arXiv 2511.17006. The
verifier's `continue` (dig deeper) goes on in the same trajectory while that is short; past
`k` turns since the last summary, and after every `pivot`, the summary replaces the trajectory and
a new attempt begins with the budget that is left. At the end a judge picks among the answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from ...journal.effects import Effects
from ...journal.loop_versions import KEPT_ON_DEMAND, SUCCESSES_TESTED
from ...journal.notices import AnswerChecked, Notice, UnchangedPlan, notices_of
from ...journal.records import Message
from ...memory import Trajectory
from ..answers import final_answer, plain
from ..candidates import (
    Candidate,
    CandidatesState,
    candidate,
    chosen,
    judged,
    keep_judge,
    select_allowance,
    sound,
)
from ..nodes import Nodes, go
from ..planner import Planner
from ..prompts import prompt
from ..state import Session, SessionProvider, State
from ..structured_output import ask_for, cap
from .attempt_notes import are_agreed, earlier_answers, evidence_of
from .checklist import Checklist, Decomposition
from .verifier import Verdict, verified, verify_allowance

PLAN_TOKENS = 1500
"""The most that a plan may be written in: a call that is killed costs no more than that."""


class BatsState(CandidatesState, total=False):
    plan: dict[str, Any]
    """The first plan, as the policy wrote it; the edits stand in its replies."""
    repaired: bool
    """Whether the policy was told of an edit that could not be followed."""


def bats(
    *,
    early_stop: bool = False,
    attempts: int = 16,
    k: int = 10,
    planning: bool = True,
    verification: bool = True,
) -> Planner:
    """Plans, verifies every answer, and digs deeper or pivots with the budget that is left.

    Args:
        early_stop: ends with the first answer that the verifier accepts; otherwise the budget is
            used up and a judge picks among the answers.
        attempts: the most answers that are verified.
        k: turns after which a summary replaces the trajectory also where it digs deeper.
        planning: with the plan (off for ablations).
        verification: with the verifier; without it each answer ends an attempt.
    """

    def build(session: SessionProvider) -> Any:
        nodes = _Bats(session, early_stop, attempts, k, verification)
        graph = StateGraph(BatsState)
        nodes.add_to(graph)
        graph.add_node("review", nodes.review, destinations=("think", "select", END))
        graph.add_node("select", nodes.select, destinations=(END,))
        if planning:
            graph.add_node("plan", nodes.plan, destinations=("think",))
        graph.add_edge(START, "plan" if planning else "think")
        return graph

    return Planner(
        name="bats", build=build, tracked=True,
        prompts=("react", "bats") if planning else ("react",),
        phases=(*(("plan",) if planning else ()), *(("verify",) if verification else ()), "select"),
        allowances=(verify_allowance(),) if verification else (),
        after_wrap_up=(select_allowance(on_demand=True),),
    )  # fmt: skip


class _Bats(Nodes):
    def __init__(
        self, session: SessionProvider, early_stop: bool, attempts: int, k: int, verification: bool
    ) -> None:
        super().__init__(session, answered="review")
        self.early_stop = early_stop
        self.attempts = attempts
        self.k = k
        self.verification = verification

    async def plan(self, state: BatsState) -> Command[Any]:
        """Takes the task apart into clues and a plan; without a readable one, into one step."""
        async with self.entered("plan", state) as (session, effects):
            asked = (*session.trajectory.messages, Message("user", prompt("plan").text))
            made = await ask_for(
                Decomposition, effects, asked, purpose="plan", max_tokens=cap(session, PLAN_TOKENS)
            )
            if made is None:
                made = Decomposition.model_validate({"steps": [{"id": "1", "text": "Answer."}]})
            plan = made.model_dump()
            await session.begin(effects, _plan_text(session, plan))
            return go("think", session, state, plan=plan)

    async def remark(self, session: Session, state: State, reply: Message) -> Notice | None:
        plan = cast(BatsState, state).get("plan")
        if not plan or "<plan>" not in reply.content:
            return None
        _, faults = _current(session, plan).edited(reply.content)
        told = any(_tells(message, UnchangedPlan) for message in session.trajectory.messages)
        return UnchangedPlan(faults=tuple(faults)) if faults and not told else None

    async def review(self, state: BatsState) -> Command[Any]:
        """Verifies an answer and decides: end, dig deeper, or a new attempt."""
        async with self.entered("review", state) as (session, effects):
            verdict = await self._verdict(session, effects, state)
            judged_as = verdict.verdict if verdict else ""
            mine = candidate(state, judged_as, verdict.why if verdict else "")
            tests = session.loop >= SUCCESSES_TESTED
            if tests and verdict:
                mine["evidence"] = verdict.evidence
            found = [*state.get("candidates", ()), mine]
            is_settled = judged_as == "success" and (
                self.early_stop or (tests and are_agreed(found))
            )
            if is_settled or state["status"] != "answered" or len(found) >= self.attempts:
                return go("select", session, state, candidates=found)
            await keep_judge(session, effects, found)
            if verdict is not None and judged_as == "continue" and self._may_dig(session, found):
                await session.tell(effects, _dig_deeper(verdict))
                return go("think", session, state, candidates=found)
            goes_on = not (tests and _brought_nothing(session, found))
            if goes_on and await session.begin(effects, _notes(session, state, found, verdict)):
                return go("think", session, state, candidates=found)
            return go("select", session, state, candidates=found)

    async def select(self, state: BatsState) -> Command[Any]:
        """Picks the answer."""
        async with self.entered("select", state) as (session, effects):
            found = state["candidates"]
            best: Candidate = sound(found, session.loop)[0]
            if not (self.early_stop and best["verdict"] == "success"):
                best = await judged(session, effects, found)
            return chosen(session, state, best)

    async def _verdict(
        self, session: Session, effects: Effects, state: BatsState
    ) -> Verdict | None:
        """An answer that the budget forced is checked if there is another to choose."""
        if not self.verification or not (state["status"] == "answered" or _differs(state, session)):
            return None
        if state["status"] != "answered":
            session.forgo("wrap_up")
        view = await session.memory.view(session.trajectory, effects)
        known = _plan_text(session, state.get("plan")), evidence_of(state.get("candidates", ()))
        return await verified(effects, view, "\n\n".join(filter(None, known)))

    def _may_dig(self, session: Session, found: list[Candidate]) -> bool:
        """Digging goes on in place in a short trajectory, if the last time it led to a new call."""
        messages = session.trajectory.messages
        turns = sum(message.role == "assistant" for message in messages)
        fresh = True
        for message in reversed(messages[:-1]):
            if message.role == "tool":
                break
            fresh = fresh and not _tells(message, AnswerChecked)
        return turns <= self.k and fresh


def _differs(state: BatsState, session: Session) -> bool:
    """Says whether a wrap-up reply is another answer than those before it."""
    mine = plain(state.get("answer") or "")
    others = {plain(c["answer"] or "") for c in state.get("candidates", ())}
    return (
        session.loop >= KEPT_ON_DEMAND
        and state["status"] == "budget_exhausted"
        and bool(mine and others - {mine, ""})
    )


def _tells(message: Message, kind: type[AnswerChecked | UnchangedPlan]) -> bool:
    return any(isinstance(notice, kind) for notice in notices_of(message.notice))


def _dig_deeper(verdict: Verdict) -> AnswerChecked:
    unmet = [(c.state, c.condition) for c in verdict.checks if c.state != "satisfied"]
    return AnswerChecked(why=verdict.why, unmet=tuple(unmet), advice=verdict.advice)


def _brought_nothing(session: Session, found: list[Candidate]) -> bool:
    """Says whether an attempt after the first one made no new call; without tools: answer."""
    *earlier, mine = session.attempts
    if not any(message.role == "assistant" for attempt in earlier for message in attempt.messages):
        return False
    if session.has_tools:
        made = {call for attempt in earlier for call in _calls(attempt)}
        return made.issuperset(_calls(mine))
    *others, last = [plain(c["answer"] or "") for c in found]
    return last in others


def _calls(attempt: Trajectory) -> Iterator[tuple[str, str]]:
    for message in attempt.messages:
        for call in message.tool_calls:
            yield call.name, call.arguments


def _notes(
    session: Session, state: BatsState, found: list[Candidate], verdict: Verdict | None
) -> str:
    """Returns what a new attempt is told beside its task."""
    is_tested = session.loop >= SUCCESSES_TESTED
    parts = [_plan_text(session, state.get("plan"))]
    parts.append(earlier_answers(found) if is_tested else _rejected(found))
    if verdict and not (is_tested and verdict.verdict == "success"):
        parts.append(verdict.notes())
    return "\n\n".join(filter(None, parts))


def _rejected(found: list[Candidate]) -> str:
    """What was told of earlier answers in runs of older loops."""
    answers = dict.fromkeys(
        final_answer(c["answer"] or "") for c in found if c["verdict"] in ("continue", "pivot")
    )
    return f"Answers that did not hold so far: {'; '.join(answers)}" if answers else ""


def _current(session: Session, plan: dict[str, Any]) -> Checklist:
    """Returns the plan with all that the policy has said of it, in every attempt."""
    checklist = Checklist.of(Decomposition.model_validate(plan))
    for trajectory in session.attempts:
        checklist = checklist.after(trajectory.messages)
    return checklist


def _plan_text(session: Session, plan: dict[str, Any] | None) -> str:
    if not plan:
        return ""
    parts = (("Exploration clues", "exploration"), ("Verification clues", "verification"))
    clues = [f"{title}: {'; '.join(plan[name])}" for title, name in parts if plan[name]]
    return "\n".join((*clues, "Plan:", str(_current(session, plan))))
