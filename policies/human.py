"""A person at the terminal decides, e.g. to play a task oneself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from ..journal.foreign_text import quoted, visible
from ..journal.records import Message, Reply, Request, ToolCall, ToolSpec
from ..ledger.errors import CallRefused, UsageError
from ..ledger.usage import Usage
from .call_ids import made_id

_LEAVE = ("quit", "exit")


class HumanPolicy:
    """Shows what is new, reads a line, and makes a tool call or the answer of it.

    A line is `search query=old river`, `search {"query": "old river"}` or anything else, which is
    the answer (`answer …` where it would look like a call). `quit` or the end of input leaves.

    Args:
        read: where lines come from; None means standard input.
        write: where messages are shown; None means standard output.
    """

    name = "human"
    max_output = 4096

    def __init__(
        self,
        read: TextIO | None = None,
        write: TextIO | None = None,
        *,
        timeout: float = 86_400.0,
    ) -> None:
        self.timeout = timeout
        self._read = read
        self._write = write
        self._shown: tuple[Message, ...] = ()
        self._turn = asyncio.Lock()

    async def reply(self, request: Request) -> Reply:
        """Returns what the person decides. It costs no tokens."""
        async with self._turn:
            self._show(new_messages(self._shown, request.messages))
            self._shown = request.messages
            message = await self._decision(request)
        reason = "tool_calls" if message.tool_calls else "stop"
        return Reply(message, Usage(), reason, model=self.name)

    async def close(self) -> None:
        """Does nothing: the terminal stays open."""

    async def _decision(self, request: Request) -> Message:
        tools = () if request.tool_choice == "none" else request.tools
        turn = sum(len(message.tool_calls) for message in request.messages)
        self._print(visible(describe(tools)))
        while True:
            self._print("> ", end="")
            line = await in_thread((self._read or sys.stdin).readline)
            if not line or line.strip() in _LEAVE:
                raise CallRefused("the person at the terminal left")
            try:
                if line.strip():
                    return parse(line.strip(), tools, made_id("", turn))
            except UsageError as exc:
                self._print(visible(str(exc)))

    def _show(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.role != "assistant":
                self._print(f"[{message.role}] {quoted(message.content)}\n")

    def _print(self, text: str, end: str = "\n") -> None:
        print(text, end=end, file=self._write or sys.stdout, flush=True)


def new_messages(shown: Sequence[Message], now: Sequence[Message]) -> Sequence[Message]:
    """Returns the messages of `now` after those that were shown already."""
    same = 0
    for before, after in zip(shown, now, strict=False):
        if before != after:
            break
        same += 1
    return now[same:]


def describe(tools: Sequence[ToolSpec]) -> str:
    """Returns the line that says what can be typed."""
    calls = [f"{tool.name} {' '.join(f'{field}=…' for field in _fields(tool))}" for tool in tools]
    return " | ".join([*(call.strip() for call in calls), "your answer", "quit"])


def parse(line: str, tools: Sequence[ToolSpec], call_id: str) -> Message:
    """Returns the message that a typed line stands for.

    Raises:
        UsageError: it begins like a call of a tool but is none.
    """
    word, _, rest = line.partition(" ")
    rest = rest.strip()
    tool = next((tool for tool in tools if tool.name == word), None)
    if tool is None:
        return Message("assistant", rest if word == "answer" and rest else line)
    fields = _fields(tool)
    if rest.startswith("{"):
        arguments = rest
    elif found := _assignments(rest, fields):
        arguments = json.dumps(found, ensure_ascii=False)
    elif not rest and not fields:
        arguments = "{}"
    else:
        raise UsageError(f"write {describe([tool])}, or `answer {line}` if that is your answer")
    return Message("assistant", "", (ToolCall(call_id, word, arguments),))


async def in_thread(work: Callable[[], str]) -> str:
    """Waits for `work` in a thread that does not keep the process alive when it is given up."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str] = loop.create_future()

    def settle(result: str | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result or "")

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as exc:
            error = exc
        with contextlib.suppress(RuntimeError):  # the loop may be gone by then
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="human", daemon=True).start()
    return await done


def _fields(tool: ToolSpec) -> Mapping[str, Any]:
    fields = tool.parameters.get("properties", {})
    return fields if isinstance(fields, Mapping) else {}


def _assignments(text: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Reads `name=value …`; a value goes on until the next known name."""
    if not fields:
        return {}
    names = "|".join(map(re.escape, fields))
    marks = list(re.finditer(rf"(?:^|\s)({names})=", text))
    if not marks or marks[0].start() != 0:
        return {}
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return {
        mark[1]: _value(text[mark.end() : end].strip(), fields[mark[1]])
        for mark, end in zip(marks, ends, strict=True)
    }


def _value(text: str, field: Any) -> Any:
    """Returns the value as the schema wants it; what does not fit stays text."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if isinstance(field, Mapping) and field.get("type", "string") != "string":
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return text
