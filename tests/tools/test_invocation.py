"""Invocations: what a call says is parsed once, and nobody's use of it changes another's."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator
from reading import cost, fault, read

from outlay.journal.records import ToolCall
from outlay.tools import ToolContext, tool


class Letter:
    """A sentinel that a tool compares by identity."""


UNSENT: Any = Letter()


def leave(value: Any) -> Any:
    raise SystemExit(value)


@tool(price=lambda urls: Decimal(len(urls.pop())), batched="urls")
def fetch(urls: list[list[str]]) -> str:
    """Fetches.

    Args:
        urls: addresses.
    """
    return str(urls.pop())


async def test_what_is_done_to_the_arguments_stays_there(context: ToolContext) -> None:
    call = read(fetch, '{"urls": [["a"], ["b", "c"]]}')
    assert fetch.cost(call) == fetch.cost(call) == 2
    texts = [(await fetch.run(call, context)).text for _ in range(2)]
    assert texts == ["['b', 'c']"] * 2
    assert (call.units, call.written) == (2, {"urls": [["a"], ["b", "c"]]})


async def test_what_can_be_read_only_once_is_read_once(context: ToolContext) -> None:
    @tool(price=lambda sizes: sum(sizes), batched="sizes")
    def weigh(sizes: Iterable[int]) -> str:
        """Weighs."""
        return str(sum(sizes))

    call = read(weigh, '{"sizes": [1, "2"]}')
    assert weigh.cost(call) == 3
    assert call.units == 2
    assert (await weigh.run(call, context)).text == "3"
    assert "should be a valid integer" in (fault(weigh, '{"sizes": ["x"]}') or "")


async def test_a_default_stays_the_object_that_it_is(context: ToolContext) -> None:
    @tool
    def send(to: str = UNSENT) -> str:
        """Sends."""
        return str(to is UNSENT)

    assert (await send.run(ToolCall("1", "send"), context)).text == "True"
    assert not read(send, "").given


def test_a_validator_that_leaves_the_process_is_a_fault() -> None:
    @tool
    def go(where: Annotated[str, BeforeValidator(leave)]) -> str:
        """Goes."""
        return where

    assert fault(go, '{"where": "out"}') == "the tool raised SystemExit"


def test_equal_arguments_of_any_type_count_alike() -> None:
    @tool(price="0.5", batched="tags")
    def mark(tags: set[str]) -> str:
        """Marks."""
        return ""

    assert cost(mark, '{"tags": ["a", "b"]}') == 1
    assert cost(mark, '{"tags": []}') == Decimal("0.5")
