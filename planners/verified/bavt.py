"""Budget-aware value tree (BAVT, 2026, arXiv 2603.12634): which step to go on from, how boldly.

Each step (a reply and what its calls brought) is a node of a tree. A critic scores it from 1 to
10; what counts is its residual, the progress over its parent. The next node to go on from is
drawn with weights `value ** (1 / r)`, r the share of the budget that remains: almost evenly while
the budget is rich, the best one when it is poor. The numbers below are those of a secondary note
on the paper, which was not read itself; `1 / r` is our reading of "the remaining-budget ratio as
exponent, near-uniform when rich, argmax when poor".
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from pydantic import BaseModel, Field

from ...journal.effects import Effects
from ...journal.records import Message
from ..answers import final_answer
from ..candidates import Candidate, CandidatesState, candidate, chosen, sound
from ..nodes import Nodes, end, go
from ..planner import Planner
from ..prompts import prompt
from ..state import Session, SessionProvider
from ..structured_output import ask_for

VALUE_TOKENS = 512
"""The most that the critic may write of one step."""
LOWEST, HIGHEST = 1, 10
_CLIP = 4
_LEAST_VALUE = 0.1
_LEAST_SHARE = 0.05


class StepScore(BaseModel):
    """The critic's word on a step."""

    score: int = Field(ge=LOWEST, le=HIGHEST)
    why: str = ""


class BavtNode(TypedDict):
    """A node of the tree: the beginning of an attempt's trajectory."""

    parent: int | None
    attempt: int
    length: int
    """Messages of that attempt's trajectory that belong to it."""
    score: int
    value: float
    children: int
    closed: bool
    """True where nothing may be tried from any more."""


class BavtState(CandidatesState, total=False):
    steps: list[BavtNode]
    at: int
    """The node that the present step goes on from."""


def bavt(
    *, width: int = 3, steps: int = 64, confidence: float = 0.8, backstop: float = 0.2
) -> Planner:
    """Value-guided tree search: goes on from the step that promises most for what is left.

    Args:
        width: the most steps that are tried from one node.
        steps: the most steps in all.
        confidence: an answer scored at least this share of 10 ends the run.
        backstop: below this share of the budget it no longer branches, but goes on from the best.
    """

    def build(session: SessionProvider) -> Any:
        nodes = _Bavt(session, width, steps, confidence, backstop)
        graph = StateGraph(BavtState)
        nodes.add_to(graph)
        graph.add_node("value", nodes.value, destinations=("think", "wrap_up", END))
        graph.add_edge(START, "think")
        return graph

    return Planner(name="bavt", build=build, phases=("value",))


def residual_value(score: int, parent: int) -> float:
    """Returns the value of a step in [0.1, 1]: its progress over its parent, clipped to +-4."""
    progress = max(-_CLIP, min(_CLIP, score - parent))
    return _LEAST_VALUE + (1 - _LEAST_VALUE) * (progress + _CLIP) / (2 * _CLIP)


def weights(values: Sequence[float], share: float) -> list[float]:
    """Returns the chances of the nodes when this share of the budget remains; they sum to 1."""
    exponent = 1 / max(share, _LEAST_SHARE)
    best = max(values)
    raw = [(value / best) ** exponent for value in values]
    return [weight / sum(raw) for weight in raw]


class _Bavt(Nodes):
    def __init__(
        self, session: SessionProvider, width: int, steps: int, confidence: float, backstop: float
    ) -> None:
        super().__init__(session, answered="value", acted="value")
        self.width = width
        self.steps = steps
        self.confidence = confidence
        self.backstop = backstop

    async def value(self, state: BavtState) -> Command[Any]:
        """Scores the last step and chooses the node to go on from."""
        async with self.entered("value", state) as (session, effects):
            status = state.get("status")
            found = list(state.get("candidates", ()))
            if status in ("budget_exhausted", "failed"):
                return _finish(session, state, [*found, candidate(state)])
            score = await self._score(session, effects)
            tree = [*map(BavtNode.copy, state.get("steps", ()))] or [_root()]
            _add(tree, session, state.get("at", 0), score, closed=status == "answered")
            if status == "answered":
                why = f"scored {score} of {HIGHEST}"
                found.append({**candidate(state, why=why), "score": score})
                if score >= self.confidence * HIGHEST:
                    return end(session, state, "answered", state["answer"])
            share = await effects.value(session.share, told=True)
            place = self._choose(session.task, tree, share)
            done = place is None or (bool(found) and share < self.backstop)
            if place is not None and not done and await _move(session, effects, tree, place):
                return go(
                    "think", session, state, steps=tree, at=place, candidates=found, status=None
                )
            if found:
                return _finish(session, state, found)
            return go("wrap_up", session, state, why="every step that could be tried was tried")

    async def _score(self, session: Session, effects: Effects) -> int:
        view = await session.memory.view(session.trajectory, effects)
        asked = (*view, Message("user", prompt("value").text))
        judged = await ask_for(StepScore, effects, asked, purpose="value", max_tokens=VALUE_TOKENS)
        return judged.score if judged else LOWEST

    def _choose(self, task: str, tree: list[BavtNode], share: float) -> int | None:
        """Returns the node to go on from, or None if there is none.

        Chance is fixed by the task and the size of the tree: the same inputs, the same path.
        """
        free = [
            place
            for place, step in enumerate(tree)
            if not step["closed"] and step["children"] < self.width
        ]
        if not free or len(tree) > self.steps:
            return None
        if share < self.backstop:
            return max(free, key=lambda place: (not tree[place]["children"], tree[place]["value"]))
        values = [tree[place]["value"] for place in free]
        drawn = random.Random(f"{task}/{len(tree)}")
        return drawn.choices(free, weights(values, share))[0]


def _root() -> BavtNode:
    value = residual_value(LOWEST, LOWEST)
    return {"parent": None, "attempt": 0, "length": 2, "score": LOWEST, "value": value,
            "children": 0, "closed": False}  # fmt: skip


def _add(tree: list[BavtNode], session: Session, parent: int, score: int, *, closed: bool) -> None:
    """Adds the step just taken. One that cannot be undone closes all others: the world moved."""
    above = tree[parent]
    above["children"] += 1
    messages = session.trajectory.messages
    calls = [call for message in messages[above["length"] :] for call in message.tool_calls]
    if not all(map(session.is_read_only, calls)):
        for step in tree:
            step["closed"] = True
    tree.append(
        {
            "parent": parent,
            "attempt": session.attempt,
            "length": len(messages),
            "score": score,
            "value": residual_value(score, above["score"]),
            "children": 0,
            "closed": closed,
        }
    )


async def _move(session: Session, effects: Effects, tree: list[BavtNode], place: int) -> bool:
    """Goes to a node; away from the tip of the present trajectory that is a new attempt."""
    step = tree[place]
    if (step["attempt"], step["length"]) == (session.attempt, len(session.trajectory)):
        return True
    before = session.attempts[step["attempt"]].messages[: step["length"]]
    told = "\n".join((prompt("branch").text, *_tried(session, tree, place)))
    return await session.branch(effects, before, told)


def _tried(session: Session, tree: list[BavtNode], place: int) -> Iterator[str]:
    for step in tree:
        if step["parent"] == place:
            messages = session.attempts[step["attempt"]].messages[: step["length"]]
            said = [m for m in messages[tree[place]["length"] :] if m.role == "assistant"]
            calls = [f"{call.name} {call.arguments}" for m in said for call in m.tool_calls]
            ways = calls or [f"the answer {final_answer(m.content)!r}" for m in said]
            yield f"- {'; '.join(ways)}: {step['score']}"


def _finish(session: Session, state: BavtState, found: list[Candidate]) -> Command[Any]:
    best = max(sound(found, session.loop), key=lambda one: one.get("score", 0))
    return chosen(session, state, best)
