"""Auto: first the mode (instant, reasoning or agentic), then the work, at a stated effort.

The modes are those of A²FM (2025, arXiv 2510.12838). The effort is a fraction of what tasks of
the class have taken in this mode on average so far (e1, 2025, arXiv 2510.27042), so that it means
the same for easy and hard tasks. Both come from what is logged once that says enough; until then,
and where a run is filed under no class, the policy is asked, in one short call.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, TypedDict, cast, get_args

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from pydantic import BaseModel, Field, JsonValue

from ...journal.effects import Effects, Refusal
from ...journal.notices import CallTargetReached, Notice
from ...journal.records import Message
from ...ledger.errors import UsageError
from ...policies import RoutingStats
from ..nodes import Nodes, end, go, spent
from ..planner import Planner
from ..prompts import prompt
from ..state import Session, SessionProvider, State
from ..structured_output import ask_for

Mode = Literal["instant", "reasoning", "agentic"]

MODES: tuple[Mode, ...] = get_args(Mode)
"""From cheap to dear."""
LEAST_EFFORT = 0.1
_EFFORTS: list[JsonValue] = [0.1, 0.25, 0.5, 0.75, 1.0]
"""Those that a server can be told of: few grammars know the bounds of fractions."""
CHOICE_TOKENS = 200
"""Output tokens of the policy's choice."""


class ModeChoice(BaseModel):
    """How a task is gone about."""

    mode: Mode
    effort: float = Field(default=1.0, gt=0, le=1, json_schema_extra={"enum": _EFFORTS})
    """A fraction of what tasks of the class take on average in this mode."""


class ModeAverages(TypedDict):
    """What tasks of a class have taken on average, or None where nothing is logged."""

    output_tokens: float | None
    tool_calls: float | None


class AutoState(State, total=False):
    mode: Mode
    calls: int
    """Tool calls after which the policy is told to finish."""


def auto(*, worth: Decimal = Decimal(1), runs: int = 5) -> Planner:
    """Chooses a mode and an effort, then answers at once, reasons, or works with the tools.

    Args:
        worth: USD that a solved task is worth: how dear a mode may be for its chance of success.
        runs: judged runs of a mode, on tasks of the class, from which on the log speaks for it;
            it decides once three times as many are judged in all.

    Raises:
        UsageError: an option is not above 0.
    """
    if worth <= 0 or runs < 1:
        raise UsageError("auto: worth is above 0 and runs is 1 or more")

    def build(session: SessionProvider) -> Any:
        nodes = _Auto(session, worth, runs)
        graph = StateGraph(AutoState)
        graph.add_node("mode", nodes.mode, destinations=("reply", "think"))
        graph.add_node("reply", nodes.reply, destinations=("think", "wrap_up", END))
        graph.add_node("think", nodes.think, destinations=("act", "wrap_up", END))
        # a node sees the state that its parameter names; `remark` needs the planner's own
        graph.add_node(
            "act", nodes.act, input_schema=AutoState, destinations=("think", "wrap_up", END)
        )
        graph.add_node("wrap_up", nodes.wrap_up, destinations=(END,))
        graph.add_edge(START, "mode")
        return graph

    return Planner(name="auto", build=build, phases=("mode", *MODES))


def learned(
    history: RoutingStats, task_class: str, *, worth: Decimal, runs: int
) -> ModeChoice | None:
    """Returns the mode that the log speaks for, or None where it does not say enough.

    The mode is the one with the greatest expected gain; the effort is what its solved runs took
    of what all its runs took.
    """
    judged = {mode: history.of(task_class, f"mode:{mode}") for mode in MODES}
    known = [mode for mode in MODES if judged[mode].judged >= runs]
    if not known or sum(tally.judged for tally in judged.values()) < runs * len(MODES):
        return None
    best = max(known, key=lambda m: history.expected(task_class, f"mode:{m}").net(worth))
    usual, solved = judged[best].mean_output_tokens, judged[best].solved
    if not solved or not usual:
        return ModeChoice(mode=best)
    effort = judged[best].solved_output_tokens / solved / usual
    return ModeChoice(mode=best, effort=round(min(max(effort, LEAST_EFFORT), 1.0), 3))


class _Auto(Nodes):
    def __init__(self, session: SessionProvider, worth: Decimal, runs: int) -> None:
        super().__init__(session)
        self.worth = worth
        self.runs = runs

    async def mode(self, state: AutoState) -> Command[Any]:
        """Chooses how to go about the task; where nothing can be read, with the tools."""
        async with self.entered("mode", state) as (session, effects):
            logged = await effects.value(lambda: self._logged(session))
            choice = (
                ModeChoice(**logged["choice"])
                if logged["choice"]
                else await _asked(session, effects)
            )
            chosen = {**choice.model_dump(), "by": "log" if logged["choice"] else "policy"}
            await effects.value(lambda: chosen)
            means: ModeAverages = logged["means"][choice.mode]
            told = f"{prompt(choice.mode).text}\n\n{_target(choice, means)}"
            await session.tell(effects, told)
            if choice.mode != "agentic":
                return go("reply", session, state, mode=choice.mode)
            usual = means["tool_calls"]
            calls = max(round(usual * choice.effort), 1) if usual else 0
            return go("think", session, state, mode=choice.mode, calls=calls)

    async def reply(self, state: AutoState) -> Command[Any]:
        """Asks for the answer without tools; where none comes, it goes on with the tools."""
        async with self.entered("reply", state) as (session, effects):
            view = await session.memory.view(session.trajectory, effects)
            reply = await effects.ask(view, tool_choice="none", purpose=state["mode"])
            if isinstance(reply, Refusal):
                return go("wrap_up", session, state, why=reply.why, over=spent(reply))
            text = reply.message.content
            if not text.strip():
                return go("think", session, state)
            session.trajectory.append(Message("assistant", text))
            if session.unfinished(text) and session.tools_left:
                await session.tell(effects, prompt("agentic").text)
                return go("think", session, state)
            return end(session, state, "answered", text)

    async def remark(self, session: Session, state: State, reply: Message) -> Notice | None:
        target = cast(AutoState, state).get("calls", 0)
        before = sum(len(message.tool_calls) for message in session.trajectory.messages)
        if not before < target <= before + len(reply.tool_calls):
            return None
        return CallTargetReached(calls=target)

    def _logged(self, session: Session) -> dict[str, Any]:
        kind = session.task_class
        history = session.history if kind else RoutingStats()
        found = learned(history, kind, worth=self.worth, runs=self.runs)
        means = {mode: _means(history, kind, mode) for mode in MODES}
        return {"choice": found.model_dump() if found else None, "means": means}


async def _asked(session: Session, effects: Effects) -> ModeChoice:
    asked = (*session.trajectory.messages, Message("user", prompt("mode").text))
    choice = await ask_for(ModeChoice, effects, asked, purpose="mode", max_tokens=CHOICE_TOKENS)
    return choice or ModeChoice(mode="agentic")


def _means(history: RoutingStats, task_class: str, mode: Mode) -> ModeAverages:
    """Returns the means of a mode; until `auto` has used tools, those of whoever else has."""
    tally = history.of(task_class, f"mode:{mode}")
    if not tally.runs and mode == "agentic":
        tally = history.of(task_class)
    return {"output_tokens": tally.mean_output_tokens, "tool_calls": tally.mean_tool_calls}


def _target(choice: ModeChoice, means: ModeAverages) -> str:
    """Returns the effort as the policy is told it; it is no limit."""
    tokens, calls = means["output_tokens"], means["tool_calls"]
    if tokens is None:
        return f"Effort: {choice.effort:.0%} of what you would usually spend on such a task."
    aim = f"about {max(round(tokens * choice.effort), 1)} tokens of output in all"
    if choice.mode == "agentic" and calls:
        aim += f" and {max(round(calls * choice.effort), 1)} tool calls"
    return f"Effort: aim at {aim}, {choice.effort:.0%} of what such tasks have taken so far."
