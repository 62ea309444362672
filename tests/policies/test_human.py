from __future__ import annotations

import io
import subprocess
import sys

import pytest

from outlay.journal.records import Message, Request, ToolCall, ToolSpec
from outlay.ledger.errors import CallRefused, UsageError
from outlay.ledger.usage import Usage
from outlay.policies import HumanPolicy
from outlay.policies.call_ids import made_id
from outlay.policies.human import parse

SEARCH = ToolSpec(
    "search",
    "Finds texts.",
    {"type": "object", "properties": {"query": {"type": "string"}, "top": {"type": "integer"}}},
)
STOP = ToolSpec("stop", "Stops.", {"type": "object"})


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("search query=who is x", '{"query": "who is x"}'),
        ("search query=a=b top=3", '{"query": "a=b", "top": 3}'),
        ("search query='top=1 x'", '{"query": "top=1 x"}'),
        ('search {"query": "x"}', '{"query": "x"}'),
        ("search query=5", '{"query": "5"}'),
        ("search top=many", '{"top": "many"}'),
        ("stop", "{}"),
    ],
)
def test_lines_that_are_calls(line: str, arguments: str) -> None:
    message = parse(line, (SEARCH, STOP), "c")
    assert message.tool_calls == (ToolCall("c", line.split()[0], arguments),)


@pytest.mark.parametrize(
    ("line", "answer"),
    [("Rome", "Rome"), ("answer search it", "search it"), ("answer", "answer"), ("a = b", "a = b")],
)
def test_lines_that_are_answers(line: str, answer: str) -> None:
    assert parse(line, (SEARCH,), "c") == Message("assistant", answer)


def test_line_that_may_be_either() -> None:
    with pytest.raises(UsageError, match="write search query=… top=…"):
        parse("search for it", (SEARCH,), "c")


async def test_plays_a_task() -> None:
    screen = io.StringIO()
    human = HumanPolicy(io.StringIO("search the net\n\nsearch query=Rome\nItaly\n"), screen)
    first = await human.reply(Request((Message("user", "Where is Rome?"),), (SEARCH,)))
    assert first.message.tool_calls == (ToolCall(made_id("", 0), "search", '{"query": "Rome"}'),)
    assert first.usage == Usage()
    found = Message("tool", "In Italy.", tool_call_id="call_0")
    messages = (Message("user", "Where is Rome?"), first.message, found)
    second = await human.reply(Request(messages, (SEARCH,)))
    assert second.message.content == "Italy"
    assert screen.getvalue().count("Where is Rome?") == 1
    assert "[tool] In Italy." in screen.getvalue()
    with pytest.raises(CallRefused, match="left") as caught:
        await human.reply(Request(messages, (SEARCH,)))
    assert not caught.value.retryable


async def test_quit_leaves() -> None:
    with pytest.raises(CallRefused, match="left"):
        await HumanPolicy(io.StringIO("quit\n"), io.StringIO()).reply(Request(()))


def test_piped_input() -> None:
    code = (
        "import asyncio\n"
        "from outlay.journal.records import Message, Request\n"
        "from outlay.policies import policy\n"
        "request = Request((Message('user', 'Well?'),))\n"
        "print('GOT', asyncio.run(policy('human').reply(request)).message.content)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input="Fine.\n", capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("GOT Fine.\n"), done.stderr
    assert "[user] Well?" in done.stdout
