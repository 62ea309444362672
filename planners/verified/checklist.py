"""The plan of BATS: a tree of steps with marks, edited by the policy, never shortened.

Liu et al. 2025, arXiv 2511.17006, §4.1. Here the plan is a typed value: it is the first plan with
all edits applied that stand in the policy's replies, so it needs no state of its own, and what a
step has cost is what was called while it was the one at work.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from ...journal.records import Message

Mark = Literal[" ", "x", "!", "~"]

_BLOCK = re.compile(r"<plan>(.*?)(?:</plan>|\Z)", re.DOTALL)
_ADD = re.compile(r"\+\s*(\d+(?:\.\d+)*)\.?\s+(\S.*)")
_MARK = re.compile(r"\[([ x!~])\]\s*(\d+(?:\.\d+)*)\b.*")
_ID = re.compile(r"\d+(\.\d+)*")
_MOST_STEPS = 60
_MOST_FIRST_STEPS = 20
"""Steps of a first plan where the server can be told so."""


class DecomposedStep(BaseModel):
    id: str = Field(pattern=r"^[0-9]+(\.[0-9]+)*$")
    text: str = Field(min_length=1)


class Decomposition(BaseModel):
    """The policy's plan: clues that lead to candidates, clues that test them, and steps."""

    exploration: list[str] = Field(default_factory=list)
    verification: list[str] = Field(default_factory=list)
    steps: list[DecomposedStep] = Field(
        min_length=1, max_length=_MOST_STEPS, json_schema_extra={"maxItems": _MOST_FIRST_STEPS}
    )

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Decomposition:
        ids = [step.id for step in self.steps]
        if len(set(ids)) < len(ids):
            raise ValueError("two steps have the same id")
        return self


@dataclass(frozen=True)
class ChecklistStep:
    """One step: its number (`1.2` is below `1`), mark, and the tool calls made at it."""

    id: str
    text: str
    mark: Mark = " "
    calls: Mapping[str, int] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(map(int, self.id.split(".")))

    def __str__(self) -> str:
        spent = ", ".join(f"{tool} {count}" for tool, count in sorted(self.calls.items()))
        indent = "  " * self.id.count(".")
        return f"{indent}[{self.mark}] {self.id} {self.text}" + (f" ({spent})" if spent else "")


@dataclass(frozen=True)
class Checklist:
    """A plan. Edits give a new one; a step that is there stays there."""

    steps: tuple[ChecklistStep, ...]

    @classmethod
    def of(cls, plan: Decomposition) -> Checklist:
        return cls(
            tuple(sorted((ChecklistStep(s.id, s.text) for s in plan.steps), key=lambda s: s.order))
        )

    @property
    def active(self) -> ChecklistStep | None:
        """The step at work: the first one that is partly done or pending and has none below it."""
        open_steps = [step for step in self.steps if step.mark in " ~"]
        leaves = [s for s in open_steps if not any(o.id.startswith(f"{s.id}.") for o in open_steps)]
        return leaves[0] if leaves else None

    def edited(self, text: str) -> tuple[Checklist, tuple[str, ...]]:
        """Returns the plan after the `<plan>` blocks of a reply, and what could not be followed."""
        plan, faults = self, list[str]()
        for line in (line.strip() for block in _BLOCK.findall(text) for line in block.split("\n")):
            if added := _ADD.fullmatch(line):
                plan, fault = plan._add(added[1], added[2])
            elif marked := _MARK.fullmatch(line):
                plan, fault = plan._marked(marked[2], marked[1])
            else:
                fault = f"{line!r} is no edit" if line else ""
            faults += [fault] if fault else []
        return plan, tuple(faults)

    def charged(self, tools: Iterable[str]) -> Checklist:
        """Returns the plan after calls of these tools at the step at work."""
        step, calls = self.active, Counter(tools)
        if step is None or not calls:
            return self
        return self._with(replace(step, calls=Counter(step.calls) + calls))

    def after(self, messages: Iterable[Message]) -> Checklist:
        """Returns the plan after the replies among these messages."""
        plan = self
        for message in messages:
            if message.role == "assistant":
                plan, _ = plan.edited(message.content)
                plan = plan.charged(call.name for call in message.tool_calls)
        return plan

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))

    def _add(self, id: str, text: str) -> tuple[Checklist, str]:
        if any(step.id == id for step in self.steps):
            return self, f"there is a step {id} already"
        if len(self.steps) >= _MOST_STEPS:
            return self, f"the plan is full ({_MOST_STEPS} steps)"
        steps = sorted((*self.steps, ChecklistStep(id, text)), key=lambda step: step.order)
        return Checklist(tuple(steps)), ""

    def _marked(self, id: str, mark: str) -> tuple[Checklist, str]:
        step = next((step for step in self.steps if step.id == id), None)
        if step is None:
            return self, f"there is no step {id}"
        marks: dict[str, Mark] = {" ": " ", "x": "x", "!": "!", "~": "~"}
        return self._with(replace(step, mark=marks[mark])), ""

    def _with(self, changed: ChecklistStep) -> Checklist:
        return Checklist(tuple(changed if s.id == changed.id else s for s in self.steps))
