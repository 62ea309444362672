"""Policy replies of a given form: JSON that a pydantic model describes, repaired once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ..journal.effects import Effects, Refusal
from ..journal.loop_versions import PLANS_CAPPED
from ..journal.records import Message, ReplySchema
from .reply_schemas import schema_of
from .state import Session

_Form = TypeVar("_Form", bound=BaseModel)

_MOST = 3
"""Faults of a reply that are named to the policy."""


async def ask_for(
    form: type[_Form],
    effects: Effects,
    messages: Sequence[Message],
    *,
    purpose: str,
    max_tokens: int | None = None,
    schema: ReplySchema | None = None,
) -> _Form | None:
    """Asks the policy for a JSON object of a form.

    Servers that can are told to hold the reply to the form (or to `schema`, a narrower one). A
    reply of another form is answered once with what is wrong about it. Returns None if that
    does not mend it, or if the budget cannot pay for the call: what that means is the caller's.
    """
    asked = tuple(messages)
    for _ in range(2):
        reply = await effects.ask(
            asked, tool_choice="none", purpose=purpose, max_tokens=max_tokens,
            schema=schema or schema_of(form),
        )  # fmt: skip
        if isinstance(reply, Refusal):
            return None
        found = read(form, reply.message.content)
        if isinstance(found, BaseModel):
            return found
        asked = (*asked, Message("assistant", reply.message.content), Message("user", found))
    return None


def cap(session: Session, tokens: int) -> int | None:
    """Returns the most tokens of a call that plans or judges; runs of older loops have no such."""
    return tokens if session.loop >= PLANS_CAPPED else None


def read(form: type[_Form], text: str) -> _Form | str:
    """Returns the object of that form in a text, or a sentence on what is wrong."""
    body = re.search(r"\{.*\}", text, re.DOTALL)
    if body is None:
        return "That holds no JSON object. Reply with one JSON object and nothing else."
    try:
        return form.model_validate_json(body[0])
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc'])) or 'the object'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)[:_MOST]
        ]
        return f"That object is not valid ({'; '.join(faults)}). Reply with the whole object again."
