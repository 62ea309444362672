"""Whatever a policy writes, its run ends with a status and a journal that can be gone on with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outlay.agent import Agent, Home
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import CallRefused
from outlay.ledger.usage import Usage
from outlay.planners import planner
from outlay.policies import ScriptedPolicy
from outlay.tools import Tool, tool
from outlay.tools.adapters.schema_tool import foreign_tool
from outlay.tools.tool_search import SearchableRegistry
from outlay.tools.wrappers import approved, cached, limited, redacted, retried

ENDS = {"answered", "budget_exhausted", "failed"}

NASTY = [
    "", " ", "null", "NaN", "[]", '{"number": NaN}', '{"number": -Infinity}', '{"number": 1e400}',
    '{"number": 1' + 5000 * "0" + "}", '{"number": 1' + 4000 * "0" + "}", '{"number": "7"}',
    '{"number": -3}', '{"number": 1e308}', '{"number": 1e-320}', '{"text": "\\ud800"}',
    '{"text": "\ud800"}', '{"text": "\\u0000"}', "[" * 5000,
    '{"values": ' + "[" * 990 + "]" * 990 + "}",
    '{"values": ' + "[" * 150 + "]" * 150 + "}", '{"a":' * 300 + "1" + "}" * 300,
    '{"items": [1, 2, 3]}', '{"items": []}', '{"items": ' + str([0] * 3000) + "}",
    '{"name": "weigh", "arguments": {"number": NaN}}', '{"name": "\\ud800", "arguments": {}}',
    '{"name": "weigh", "arguments": "{\\"number\\": Infinity}"}', '{"name": [], "arguments": []}',
    '{"name": "weigh", "arguments": ' + "[" * 900 + "]" * 900 + "}",
]  # fmt: skip
TEXT = st.text(st.characters(), max_size=20)
ARGUMENTS = (
    st.sampled_from(NASTY)
    | TEXT
    | st.builds(
        '{{"number": {}}}'.format,
        st.integers() | st.floats() | st.sampled_from(["true", '"1e999"', "[1]", "1e5"]),
    )
)
NAMES = st.sampled_from(
    ["weigh", "odd", "many", "any", "bare", "ask", "kept", "hidden", "call_tool", "tool_search"]
)
CALLS = st.tuples(NAMES | TEXT, ARGUMENTS)
TURNS = st.lists(st.lists(CALLS, max_size=3), min_size=1, max_size=4)

PRICES: list[Any] = [
    None, 0, "0.001", lambda number: number, lambda number: -1, lambda number: "dear",
    lambda number: 1 / number, lambda number: Decimal("1E+999999"), lambda number: 10**400,
    lambda number: Decimal("1E-999999"), lambda number: [math.nan], lambda number: exit(number),
]  # fmt: skip


def tools(price: Any) -> list[Tool]:
    @tool(price=price, read_only=True, inline=True)
    def weigh(number: float = 1) -> str:
        """Weighs."""
        return str(number)

    @tool(price=price, inline=True)
    def odd(number: int) -> str:
        """Counts."""
        return str(number % 2)

    @tool(price="0.001", batched="items", inline=True)
    def many(items: list[Any]) -> str:
        """Does many."""
        items.clear()
        return "done"

    @tool(price=0, read_only=True, inline=True)
    def bare(text: str = "", values: Any = None) -> str:
        """Says it again."""
        return text

    schema = {"type": "object", "properties": {"number": {"type": "number"}}}
    any_ = foreign_tool("any", "Takes anything.", schema, lambda given, context: str(given)[:9])
    made: list[Tool] = [weigh, odd, many, bare, any_]
    cost = Decimal("0.002")
    ask = tool(price=cost, inline=True, name="ask")(bare.function)
    return [*made, approved(redacted(ask, ["a secret"]), lambda question: question.usd == cost)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("hostile") / "home"
    yield place
    Home.at(place).close()


def policy(turns: list[list[tuple[str, str]]], streams: bool, breaks: bool) -> ScriptedPolicy:
    """Returns a policy that makes these calls and then answers, or cannot be asked any more."""
    numbers, calls = count(), count()

    def says(request: Request) -> Reply:
        number = next(numbers)
        if number >= len(turns) and breaks:
            raise CallRefused("the key has run out")
        if request.tool_choice == "none" or number >= len(turns) or not turns[number]:
            return Reply(Message("assistant", "Answer: \ud800 7"), Usage(input=9, output=5))
        wishes = tuple(ToolCall(f"c{next(calls)}", *call) for call in turns[number])
        if streams and request.on_call is not None:
            for place, wish in enumerate(wishes):
                request.on_call(place, wish)
        return Reply(Message("assistant", "Hm \udfff", wishes), Usage(input=9, output=5))

    return ScriptedPolicy(says)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    turns=TURNS,
    price=st.sampled_from(range(len(PRICES))),
    streams=st.booleans(),
    critic=st.sampled_from([None, "0", "0.001"]),
    searched=st.booleans(),
    from_book=st.booleans(),
)
async def test_no_call_raises_out_of_a_run(
    turns: list[list[tuple[str, str]]],
    price: int,
    streams: bool,
    critic: str | None,
    searched: bool,
    from_book: bool,
    home: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    prices = tmp_path_factory.mktemp("prices") / "prices.toml"
    prices.write_text(BOOK if from_book else MODEL)

    def agent(*, breaks: bool = True) -> Agent:
        folder = home.parent / "cache"
        own = tools(PRICES[price])
        first, *others = own
        wrapped = [
            limited(retried(first, 2, pause=0.001), 1), *others,
            cached(tool(price="0.001", read_only=True, name="kept")(own[3].function), folder),
        ]  # fmt: skip
        plan = planner("react", **({"critic": Decimal(critic)} if critic else {}))
        offered = SearchableRegistry(wrapped) if searched else wrapped
        return Agent(
            model=policy(turns, streams, breaks), tools=offered, planner=plan,
            budget="tool_calls=20", home=home, prices=prices,
        )  # fmt: skip

    result = await agent().run("Go.")
    assert result.status in ENDS
    again = await agent().replay(result.run)
    assert (again.status, again.answer, again.trajectory) == (
        result.status, result.answer, result.trajectory,
    )  # fmt: skip
    assert (await agent(breaks=False).resume(result.run)).status in ENDS


MODEL = '[models."scripted"]\ninput = 1\noutput = 10\n'
BOOK = f"{MODEL}[tools.weigh]\ncall = 0.001\nper.number = 0.5\n[tools.odd]\nper.number = 1e9\n"
