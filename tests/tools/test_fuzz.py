"""Ten thousand argument objects against the schemas of the built-in tools: none raises."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import cost, fault

from outlay.journal.records import ToolCall
from outlay.tools import Tool, ToolContext, builtin_tools, document_tools

OBJECTS = 10_000
WORDS = ["", "a", "0", "-1", "..", "/etc/passwd", "http://[::1]/", "select 1", "\0", "é" * 99]


@pytest.fixture
def every_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Tool]:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("# A\n\nSome text.\n")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    monkeypatch.setenv("TAVILY_API_KEY", "test")
    specs = [
        "ask_human", "calculator", "fetch", f"files:{tmp_path / 'notes'}", "python", "recall",
        f"sql:{tmp_path / 't.csv'}", "think", "web_search:tavily",
    ]  # fmt: skip
    return [
        *(t for spec in specs for t in builtin_tools(spec)),
        *document_tools(tmp_path / "notes"),
    ]


def value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(8 if depth < 3 else 6)
    if kind < 2:
        return chance.choice(WORDS)
    if kind == 6:
        return [value(chance, depth + 1) for _ in range(chance.randrange(3))]
    if kind == 7:
        return {chance.choice(WORDS): value(chance, depth + 1) for _ in range(chance.randrange(3))}
    return chance.choice([None, True, -1, 0, 2**70, 0.5, 1e308])


def arguments(chance: random.Random, tool: Tool) -> str:
    names = [*tool.spec.parameters.get("properties", {}), "stray"]
    chosen = [name for name in names if chance.random() < 0.8]
    text = json.dumps({name: value(chance) for name in chosen})
    return text if chance.random() < 0.9 else text[: chance.randrange(len(text))]


def test_no_arguments_raise(every_tool: list[Tool]) -> None:
    chance = random.Random(7)
    for tool in every_tool:
        for _ in range(OBJECTS // len(every_tool) + 1):
            text = arguments(chance, tool)
            why = fault(tool, text)
            assert why is None or (why and "\n" not in why)
            cost(tool, text)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(
    max_examples=104, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(number=st.integers(0, 12), values=st.lists(ANY, max_size=4), text=st.text(max_size=50))
def test_no_json_and_no_text_raises(
    every_tool: list[Tool], number: int, values: list[Any], text: str
) -> None:
    tool = every_tool[number]
    names = [*tool.spec.parameters.get("properties", {}), "stray"]
    for written in (text, json.dumps(dict(zip(names, values, strict=False)))):
        why = fault(tool, written)
        assert why is None or (why and "\n" not in why)
        cost(tool, written)


QUICK = ("calculator", "recall", "think", "search", "open", "list_files", "read_file")


async def test_no_call_raises(every_tool: list[Tool], context: ToolContext) -> None:
    chance = random.Random(11)
    for tool in every_tool:
        if tool.spec.name not in QUICK:
            continue
        calls = [ToolCall("c", tool.spec.name, arguments(chance, tool)) for _ in range(150)]
        found = await asyncio.gather(*(tool.run(call, context) for call in calls))
        assert all(isinstance(observation.text, str) for observation in found)
