from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import Message, Reply, Request, ToolCall, ToolSpec
from outlay.policies.call_ids import made_id
from outlay.policies.text_protocol import parse, read, render

SEARCH = ToolSpec("search", "Finds texts.", {"type": "object", "properties": {}})

GOLDEN = """\
Be brief.

You can use tools. To call one, write a block like this:

```tool_call
{"name": "tool_name", "arguments": {"argument": "value"}}
```

Write several blocks to call several tools at once. After your blocks stop and wait: the results \
come in the next message. To give your final answer, write no block.

Tools:
- search: Finds texts.
  arguments (JSON schema): {"type":"object","properties":{}}"""


def block(text: str) -> str:
    return f"```tool_call\n{text}\n```"


def test_golden_prompt() -> None:
    messages = (
        Message("system", "Be brief."),
        Message("user", "Where?"),
        Message("assistant", "Hm.", (ToolCall("c0", "search", '{"q":1}'), ToolCall("c1", "open"))),
        Message("tool", "Here.", tool_call_id="c0"),
        Message("tool", "There.", tool_call_id="c1"),
    )
    assert render(Request(messages, (SEARCH,))).messages == (
        Message("system", GOLDEN),
        Message("user", "Where?"),
        Message(
            "assistant",
            "Hm.\n\n"
            + block('{"name":"search","arguments":{"q":1}}')
            + "\n\n"
            + block('{"name":"open","arguments":{}}'),
        ),
        Message("user", "Result of search (c0):\nHere.\n\nResult of open (c1):\nThere."),
    )


def test_wrap_up_keeps_the_prompt_and_asks_for_the_answer() -> None:
    request = Request((Message("user", "Where?"),), (SEARCH,), "none")
    free = render(Request(request.messages, (SEARCH,))).messages
    assert render(request).messages == (
        free[0],
        Message("user", "Where?\n\nTools can no longer be called. Give your final answer now."),
    )
    assert render(request).tools == ()


def test_without_tools_nothing_changes() -> None:
    request = Request((Message("user", "Where?"),))
    assert render(request) == request


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("The answer.", []),
        (block('{"name": "search", "arguments": {"q": "x"}}'), [("search", '{"q":"x"}')]),
        (
            "Both:\n" + block('{"name":"a"}') + "\nand\n" + block('{"tool":"b","args":{"z":1}}'),
            [("a", "{}"), ("b", '{"z":1}')],
        ),
        (block('[{"name":"a"},{"name":"b"}]'), [("a", "{}"), ("b", "{}")]),
        ('```tool_call\n{"name":"a"}', [("a", "{}")]),
        ('<tool_call>{"name":"a","parameters":{}}</tool_call>', [("a", "{}")]),
        (block('{"function":{"name":"a","arguments":"{}"}}'), [("a", "{}")]),
        ('```json\n{"name":"search","input":{}}\n```', [("search", "{}")]),
        ('```json\n{"name":"somebody"}\n```', []),
        (
            block('{"name": "search", "arguments": {'),
            [("search", '{"name": "search", "arguments": {')],
        ),
        (block("search rome"), [("tool_call", "search rome")]),
    ],
)
def test_parse(text: str, calls: list[tuple[str, str]]) -> None:
    assert parse(text, {"search"}) == calls


@given(st.text())
def test_parse_survives_anything(text: str) -> None:
    parse(text, {"search"})
    parse(block(text), {"search"})


def test_ids_are_new_in_the_run() -> None:
    first = read(Reply(Message("assistant", block('{"name":"a"}'))), Request((), (SEARCH,)))
    assert [call.id for call in first.message.tool_calls] == [made_id("", 0)]
    again = Request((first.message,), (SEARCH,))
    second = read(Reply(Message("assistant", block('{"name":"a"}'))), again)
    assert [call.id for call in second.message.tool_calls] == [made_id("", 1)]
    assert second.finish_reason == "tool_calls"


STEP = st.tuples(
    st.sampled_from(
        ["Plain.", block('{"name":"search"}'), "Two\n" + 2 * block('{"name":"search"}')]
    ),
    st.text(max_size=10),
)


@given(st.lists(STEP, max_size=5))
def test_prompts_only_grow(steps: list[tuple[str, str]]) -> None:
    messages = [Message("system", "S"), Message("user", "U")]
    before: tuple[Message, ...] = ()
    for said, seen in steps:
        request = Request(tuple(messages), (SEARCH,))
        prompt = render(request).messages
        assert prompt[: len(before)] == before
        reply = read(Reply(Message("assistant", said)), request)
        before = (*prompt, Message("assistant", said))
        messages.append(reply.message)
        messages += [
            Message("tool", seen, tool_call_id=call.id) for call in reply.message.tool_calls
        ]
        if not reply.message.tool_calls:
            messages.append(Message("user", seen))
