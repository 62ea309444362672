"""The verifier: an answer is checked against the task, condition by condition (BATS §4).

Liu et al. 2025, arXiv 2511.17006: each condition is satisfied, contradicted or unverifiable; then
comes the decision, `success`, `continue` (dig deeper) or `pivot`, and a summary of the attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from ...journal.effects import Allowance, Effects
from ...journal.records import Message
from ..prompts import prompt
from ..reply_schemas import schema_of
from ..structured_output import ask_for

VERIFY_TOKENS = 700
"""Output tokens of one verification, all that is kept back for it."""

Decision = Literal["success", "continue", "pivot"]


class Check(BaseModel):
    """One condition of the task, held against what was seen."""

    condition: str
    state: Literal["satisfied", "contradicted", "unverifiable"]
    evidence: str = ""

    @property
    def is_shown(self) -> bool:
        return self.state == "satisfied" and bool(self.evidence)


class Verdict(BaseModel):
    """What the verifier says of an answer."""

    checks: list[Check] = Field(default_factory=list)
    decision: Decision
    why: str = ""
    summary: str = ""
    """What the attempt has found; it may replace the trajectory."""
    failure: str = ""
    """What went wrong, and why."""
    useful: str = ""
    """Findings to build on."""
    advice: str = ""
    """What to do next."""

    @property
    def verdict(self) -> Decision:
        """The decision, as far as its own checks bear it out."""
        states = {check.state for check in self.checks}
        if self.decision == "success" and states - {"satisfied"}:
            return "pivot" if "contradicted" in states else "continue"
        return self.decision

    @property
    def evidence(self) -> list[str]:
        """What was shown to hold, and by what."""
        return [f"{c.condition}: {c.evidence}" for c in self.checks if c.is_shown]

    def notes(self) -> str:
        """Returns what the next attempt is told of this one."""
        parts = (
            ("Summary", self.summary),
            ("What went wrong", self.failure),
            ("Useful", self.useful),
            ("Advice", self.advice),
        )
        return "\n".join(f"{title}: {text}" for title, text in parts if text)


def verify_allowance() -> Allowance:
    """Returns what is kept back for one verification."""
    return Allowance(purpose="verify", prompt=(), output=VERIFY_TOKENS, schema=schema_of(Verdict))


async def verified(effects: Effects, view: Sequence[Message], extra: str = "") -> Verdict | None:
    """Asks for a verdict on the last answer of a trajectory.

    Args:
        view: the trajectory, the answer at its end.
        extra: what the verifier is to know besides, such as the plan.

    Returns None if there is none to be had: no money, or nothing readable in two tries.
    """
    instruction = prompt("verify").text
    asked = Message("user", f"{instruction}\n\n{extra}" if extra else instruction)
    return await ask_for(Verdict, effects, (*view, asked), purpose="verify")
