"""The pre-operative critic: looks at dear or lasting tool calls before they are made.

GUI-Critic-R1 (2025, arXiv 2506.04614) judges every action before it is taken. A critic in front
of a strong policy was also seen to lower its success, so it is off by default, and here it looks
only at calls that are expensive or not read-only. It advises once: the same call, asked for
again, is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from ..journal.effects import Effects
from ..journal.notices import CriticAdvice
from ..journal.records import Message, Observation, ToolCall
from .prompts import prompt
from .state import Session
from .structured_output import ask_for, cap

_CRITIQUE_TOKENS = 256


class Critique(BaseModel):
    """What the critic says of one batch of calls."""

    decision: Literal["go", "stop"]
    why: str = ""


async def criticised(session: Session, effects: Effects, reply: Message) -> list[Observation]:
    """Runs the calls of a reply; those that the critic speaks against are not made."""
    calls = reply.tool_calls
    risky = [call for call in calls if session.is_risky(call) and not _repeated(session, call)]
    critique = await _ask(session, effects, risky) if risky else None
    if critique is None or critique.decision == "go":
        return await effects.call(calls)
    made = iter(await effects.call([call for call in calls if call not in risky]))
    advice = [CriticAdvice(tool=call.name, why=critique.why) for call in risky]
    told = iter(await effects.tell(risky, advice))
    return [next(told) if call in risky else next(made) for call in calls]


async def _ask(session: Session, effects: Effects, calls: Sequence[ToolCall]) -> Critique | None:
    wanted = "\n".join(f"{call.name} {call.arguments}" for call in calls)
    question = Message("user", f"{prompt('critic').text}\n\n{wanted}")
    asked = (*session.last_prompt, question)
    most = cap(session, _CRITIQUE_TOKENS)
    return await ask_for(Critique, effects, asked, purpose="critic", max_tokens=most)


def _repeated(session: Session, call: ToolCall) -> bool:
    """Says whether the policy has asked for this very call before."""
    return any(
        (earlier.name, earlier.arguments) == (call.name, call.arguments)
        for message in session.trajectory.messages
        for earlier in message.tool_calls
    )
