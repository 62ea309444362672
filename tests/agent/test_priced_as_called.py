"""What a tool gets is what was priced and approved, however the policy writes its arguments."""

from __future__ import annotations

import json
from collections import deque
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent
from outlay.journal.records import Message, ToolCall
from outlay.policies import ScriptedPolicy
from outlay.tools import tool
from outlay.tools.adapters.schema_tool import foreign_tool
from outlay.tools.wrappers import ApprovalRequest, approved

PRICES = "[models.scripted]\ninput = 0\noutput = 0\n[tools.buy]\nper = { n = 1, items = 1 }\n"


def run(tmp_path: Path, made: Any, written: str) -> tuple[Decimal | None, list[ApprovalRequest]]:
    (tmp_path / "prices.toml").write_text(PRICES)
    asked: list[ApprovalRequest] = []

    def approve(request: ApprovalRequest) -> bool:
        asked.append(request)
        return True

    asks = Message("assistant", "", (ToolCall("1", "buy", written),))
    policy = ScriptedPolicy([asks, Message("assistant", "Answer: 1")])
    agent = Agent(
        model=policy, tools=[approved(made, approve)], budget="usd=1000000", home=tmp_path / "h",
        prices=tmp_path / "prices.toml",
    )  # fmt: skip
    result = agent.run_sync("?")
    assert result.status == "answered", result.why
    return result.cost, asked


@pytest.mark.parametrize(
    ("written", "times"),
    [("1000", "1000"), ('"1000"', "1000"), ("1e3", "1000"), ('"1e3"', "1000"), ("2.5", "2.5"),
     ('" 1000 "', "1000"), ("-7", "0"), ('"1_000"', "1000")],
)  # fmt: skip
@pytest.mark.parametrize("sort", ["typed", "foreign", "foreign without a type"])
def test_a_number_counts_as_what_the_tool_gets(
    written: str, times: str, sort: str, tmp_path: Path
) -> None:
    got: list[Any] = []

    @tool(name="buy")
    def typed(n: float) -> str:
        """Buys."""
        got.append(n)
        return "done"

    schema = {"type": "number"} if sort == "foreign" else {}
    parameters = {"type": "object", "properties": {"n": schema}}
    made = (
        typed
        if sort == "typed"
        else foreign_tool("buy", "Buys.", parameters, lambda given, _: got.append(given["n"]))
    )
    cost, asked = run(tmp_path, made, f'{{"n": {written}}}')
    if not got:  # a schema that wants a number takes no text
        assert (sort, written[0], cost, asked) == ("foreign", '"', Decimal(times), asked)
        return
    assert cost == Decimal(times) == max(Decimal(str(got[0]).strip()), Decimal(0))
    assert [request.usd for request in asked] == [cost]


@pytest.mark.parametrize("kind", [list[int], set[int], tuple[int, ...], deque[int]])
def test_items_count_in_any_collection(kind: Any, tmp_path: Path) -> None:
    got: list[Any] = []

    def buy(items: Any) -> str:
        """Buys."""
        got.append(items)
        return "done"

    buy.__annotations__["items"] = kind
    cost, asked = run(tmp_path, tool(buy), json.dumps({"items": list(range(900))}))
    assert cost == 900 == len(got[0])
    assert asked[0].usd == 900
