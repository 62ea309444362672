from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outlay.journal.records import ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import Toolset, builtin_tools, calculator, recall, tool


def weather(city: str) -> str:
    """Tells the weather."""
    return f"sun in {city}"


def test_tools_keep_their_order_and_callables_are_wrapped() -> None:
    registry = Toolset([weather, calculator])
    assert registry.names == ("weather", "calculator")
    assert [spec.name for spec in registry.specs] == ["weather", "calculator"]
    assert [each.spec.name for each in registry] == ["weather", "calculator"]
    assert len(registry) == 2
    assert "weather" in registry
    assert registry.get("calculator") is calculator


def test_without_leaves_the_registry_as_it_is() -> None:
    registry = Toolset([weather, calculator, recall])
    assert registry.without(["calculator", "unheard-of"]).names == ("weather", "recall")
    assert len(registry) == 3


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    seen = Toolset([weather, calculator]).unknown(ToolCall("7", "wether"))
    assert seen.error
    assert seen.call_id == "7"
    assert seen.text == "Error: there is no tool 'wether'; the tools are: weather, calculator"
    assert Toolset().unknown(ToolCall("7", "x")).text.endswith("no tools are given")
    with pytest.raises(UsageError, match="the tools are: weather"):
        Toolset([weather]).get("wether")


@pytest.mark.parametrize("thing", [42, "search", None, int, object()])
def test_what_is_no_tool_is_refused(thing: Any) -> None:
    with pytest.raises(UsageError):
        Toolset([thing])


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two tools are named 'calculator'"):
        Toolset([calculator, tool(name="calculator")(weather)])


def test_builtins_come_by_name() -> None:
    assert builtin_tools("calculator") == (calculator,)
    assert builtin_tools("recall") == (recall,)
    with pytest.raises(UsageError, match="these do: ask_human, calculator, fetch, files"):
        builtin_tools("telescope")
    with pytest.raises(UsageError, match="--docs DIR"):
        builtin_tools("search")


def test_one_tool_of_a_group_comes_alone(tmp_path: Path) -> None:
    named = [tool.spec.name for tool in builtin_tools(f"files:{tmp_path}")]
    assert [builtin_tools(f"{name}:{tmp_path}")[0].spec.name for name in named] == named
    assert len(builtin_tools(f"read_file:{tmp_path}")) == 1
    with pytest.raises(UsageError, match="needs an argument: read_file:DIR"):
        builtin_tools("read_file")


def test_searxng_is_named_by_its_address() -> None:
    (search,) = builtin_tools("web_search:http://localhost:8080/searx")
    assert search.least_cost == 0
    with pytest.raises(UsageError, match="write web_search:http://HOST:PORT"):
        builtin_tools("web_search:searxng")
