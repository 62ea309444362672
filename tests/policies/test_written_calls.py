"""Calls that models write into their text, as real ones do, and texts that only look like it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.agent import Agent
from outlay.journal.records import Message, Reply, Request, ToolCall, ToolSpec
from outlay.policies import Endpoint
from outlay.policies.written_calls import find, read
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import tool

SEARCH = ToolSpec(
    "search",
    "Searches.",
    {
        "type": "object",
        "properties": {"query": {"type": "string"}, "most": {"type": "integer"}},
        "required": ["query"],
    },
)
OPEN = ToolSpec("open", "Opens.", {"type": "object", "properties": {"id": {"type": "integer"}}})
TOOLS = (SEARCH, OPEN)
ROME = ("search", {"query": "Rome"})
JSON = '{"name": "search", "arguments": {"query": "Rome"}}'

FORMS = {
    "Hermes": (f"<tool_call>\n{JSON}\n</tool_call>", "tagged"),
    "Hermes, left open": (f"<tool_call>\n{JSON}", "tagged"),
    "arguments as text": (
        '<tool_call>{"name": "search", "arguments": "{\\"query\\": \\"Rome\\"}"}</tool_call>',
        "tagged",
    ),
    "Mistral": (f"[TOOL_CALLS] [{JSON}]", "tagged"),
    "Mistral, new": ('[TOOL_CALLS]search[ARGS]{"query": "Rome"}', "tagged"),
    "Llama": (f"<|python_tag|>{JSON}", "tagged"),
    "Llama, function": ('<function=search>{"query": "Rome"}</function>', "function"),
    "Phi": (f"functools[{JSON}]", "tagged"),
    "Qwen coder": (
        "<function=search>\n<parameter=query>\nRome\n</parameter>\n</function>", "function"
    ),
    "attributes": ("""<tool name="search" arguments='{"query": "Rome"}'/>""", "function"),
    "attributes and a body": ('<tool name="search">{"query": "Rome"}</tool>', "function"),
    "fence": (f"```json\n{JSON}\n```", "fenced"),
    "fence of another kind": (f"```tool_call\n{JSON}\n```", "fenced"),
    "fence without a name": (f"```\n{JSON}\n```", "fenced"),
    "fence, left open": (f"```json\n{JSON}", "fenced"),
    "bare": (JSON, "json"),
    "bare list": (f"[{JSON}]", "json"),
    "OpenAI's own": (
        '{"type": "function", "function": {"name": "search", "arguments": {"query": "Rome"}}}',
        "json",
    ),
    "other names": ('{"tool": "search", "tool_input": {"query": "Rome"}}', "json"),
    "pythonic": ('[search(query="Rome")]', "pythonic"),
    "pythonic, one": ('search(query="Rome")', "pythonic"),
    "pythonic in a fence": ('```python\nsearch(query="Rome")\n```', "fenced"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", ["", "I will look it up.\n\n"])
def test_usual_forms_are_calls(form: str, before: str) -> None:
    text, expected = FORMS[form]
    if before and expected == "pythonic":
        pytest.skip("a line of Python within prose is prose")
    found = find(before + text, TOOLS)
    assert found is not None
    assert [(name, json.loads(arguments)) for name, arguments in found.calls] == [ROME]
    assert (found.form, found.rest) == (expected, before.strip())


def test_several_calls_in_order() -> None:
    blocks = [
        f"```json\n{json.dumps({'name': 'open', 'arguments': {'id': n}})}\n```" for n in (1, 2)
    ]
    found = find("First:\n" + "\nthen:\n".join(blocks) + "\nDone.", TOOLS)
    assert found is not None
    assert [json.loads(arguments)["id"] for _, arguments in found.calls] == [1, 2]
    assert "```" not in found.rest
    lines = find(f"```json\n{JSON}\n{JSON}\n```", TOOLS)
    assert lines is not None
    assert len(lines.calls) == 2


TEXTS = [
    "Rome.",
    '```json\n{"name": "Rome", "arguments": {"country": "Italy"}}\n```',
    '{"name": "search"}',
    '{"name": "search", "arguments": {"most": 3}}',
    '{"name": "search", "arguments": ["Rome"]}',
    '{"name": "search", "arguments": {"query": "Rome"}, "answer": 7}',
    'The call {"name": "search", "arguments": {"query": "Rome"}} would do it.',
    'One writes search(query="Rome") to search.',
    "<function=search>",
    "<tool_call></tool_call>",
    "[TOOL_CALLS] []",
    'search("Rome")',
    "search(query=__import__('os'))",
    "```python\nprint(1)\n```",
    "Answer: [1, 2, 3]",
    '{"results": [{"name": "search", "score": 1}]}',
]


@pytest.mark.parametrize("text", TEXTS)
def test_everything_else_is_text(text: str) -> None:
    assert find(text, TOOLS) is None


def test_what_a_tool_said_is_quoted() -> None:
    assert (
        find(f"It says:\n```json\n{JSON}\n```", TOOLS, seen=[f"see ```json\n{JSON}\n``` there"])
        is None
    )


def test_only_where_calls_may_be() -> None:
    reply = Reply(Message("assistant", JSON))
    asked = (Message("user", "?"),)
    assert read(reply, Request(asked)) is reply
    assert read(reply, Request(asked, TOOLS, "none")) is reply
    native = Reply(Message("assistant", JSON, (ToolCall("a", "open", "{}"),)))
    assert read(native, Request(asked, TOOLS)) is native
    found = read(reply, Request(asked, TOOLS))
    assert (found.written_as, found.finish_reason) == ("json", "tool_calls")
    assert found.message.content == ""


@given(st.text(alphabet=st.characters(codec="utf-8")) | st.lists(st.sampled_from([
    "<tool_call>", "</tool_call>", "```json\n", "```", JSON, "[TOOL_CALLS]", "search(",
    "<function=",    "<parameter=query>", "}", "[", "\\", "\0", "((((", "query=",
])).map("".join))  # fmt: skip
def test_nothing_raises(text: str) -> None:
    found = find(text, TOOLS)
    if found is not None:
        assert {name for name, _ in found.calls} <= {"search", "open"}
        assert all(isinstance(json.loads(arguments), dict) for _, arguments in found.calls)


@tool(price=0, read_only=True)
def search(query: str) -> str:
    """Searches.

    Args:
        query: what for.
    """
    return f"{query} is in Italy."


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_that_writes_its_calls_is_served(tmp_path: Path, stream: bool) -> None:
    def script(body: dict[str, object]) -> ScriptedAnswer:
        messages = body["messages"]
        assert isinstance(messages, list)
        answered = any(message["role"] == "tool" for message in messages)
        return ScriptedAnswer("Italy." if answered else f"Let me see.\n```json\n{JSON}\n```")

    with LoopbackServer(script) as server:
        model = Endpoint("gpt-4o", base_url=server.url, api_key="k", stream=stream)
        agent = Agent(model=model, tools=[search], budget="usd=1", home=tmp_path)
        result = await agent.run("Where is Rome?")
        assert (result.answer, result.spend["tool_calls.search"]) == ("Italy.", 1)
        strict = Endpoint(
            "gpt-4o", base_url=server.url, api_key="k", stream=stream, tool_protocol="native"
        )
        agent = Agent(model=strict, tools=[search], budget="usd=1", home=tmp_path)
        assert (await agent.run("Where is Rome?")).spend["tool_calls.search"] == 0
    rows = agent.home.store.query(
        "select count(*) from events where kind = 'settle' and body::varchar like '%written_as%'"
    ).rows
    assert rows == [(1,)]
