"""A policy that says what it is told to: the test double, and a way to play a run by hand."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from ..journal.records import Message, Reply, Request, ToolCall
from ..ledger.errors import CallRefused, UsageError
from ..ledger.usage import Usage

Step = Reply | Message | ToolCall | Sequence[ToolCall] | str | BaseException
"""One reply, in full or as the text of an answer, the tool calls, or the error to raise."""

Script = Callable[[Request], Step | Awaitable[Step]]


class ScriptedPolicy:
    """Replies with the next step of a sequence, or with what a function makes of the request.

    Args:
        replies: the steps, used up one per call whoever calls; or a function (also async).
        name: how prices and reports name it.

    Attributes:
        requests: every request that came, in order.
    """

    def __init__(
        self,
        replies: Sequence[Step] | Script,
        *,
        name: str = "scripted",
        max_output: int = 4096,
        timeout: float = 120.0,
    ) -> None:
        self.name = name
        self.max_output = max_output
        self.timeout = timeout
        self.requests: list[Request] = []
        self._script = replies if callable(replies) else in_order(replies)

    async def reply(self, request: Request) -> Reply:
        """Returns the next scripted reply, or raises the scripted error."""
        self.requests.append(request)
        step = self._script(request)
        if inspect.isawaitable(step):
            step = await step
        if isinstance(step, BaseException):
            raise step
        return as_reply(step)

    async def close(self) -> None:
        """Does nothing: there are no connections."""


def in_order(steps: Sequence[Step]) -> Script:
    """Returns a script that uses up one step per call."""
    left = iter(steps)

    def script(request: Request) -> Step:
        for step in left:
            return step
        raise CallRefused(f"the script has no reply left after its {len(steps)} steps")

    return script


def by_turn(steps: Sequence[Step]) -> Script:
    """Returns a script whose step depends only on how often the policy has spoken in the request.

    So it serves any number of runs at once, and a resumed run goes on where it was.
    """

    def script(request: Request) -> Step:
        turn = sum(message.role == "assistant" for message in request.messages)
        if turn >= len(steps):
            raise CallRefused(f"the script has no reply left after its {len(steps)} steps")
        return steps[turn]

    return script


def as_reply(step: Reply | Message | ToolCall | Sequence[ToolCall] | str) -> Reply:
    """Returns the reply that a step stands for; it has no bill unless the step is a whole reply."""
    if isinstance(step, Reply):
        return step
    if isinstance(step, str):
        return Reply(Message("assistant", step))
    if isinstance(step, ToolCall):
        step = [step]
    message = step if isinstance(step, Message) else Message("assistant", "", tuple(step))
    return Reply(message, finish_reason="tool_calls" if message.tool_calls else "stop")


def read_script(path: Path) -> list[Step]:
    """Reads a JSON list of steps, each a text or an object.

    An object has `content`, `tool_calls` (objects with `name` and `arguments`), `usage` (token
    classes), or `error` (the text of a refusal).

    Raises:
        UsageError: the file cannot be read or is not such a list.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, list):
            raise TypeError("a list of steps is needed")
        return [_step(entry, turn) for turn, entry in enumerate(data)]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise UsageError(f"the script {path} cannot be used: {exc}") from exc


def _step(entry: Any, turn: int) -> Step:
    if isinstance(entry, str):
        return entry
    if "error" in entry:
        return CallRefused(str(entry["error"]))
    calls = tuple(
        ToolCall(f"call_{turn}_{position}", call["name"], _text(call.get("arguments", {})))
        for position, call in enumerate(entry.get("tool_calls", ()))
    )
    usage = Usage(**entry["usage"]) if "usage" in entry else None
    message = Message("assistant", entry.get("content", ""), calls)
    return Reply(message, usage, "tool_calls" if calls else "stop")


def _text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)
