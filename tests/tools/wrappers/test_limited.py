"""Limits against a deadline, and which failures are tried again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reading import denied

from outlay.journal.records import Observation, ToolCall
from outlay.ledger.account import Account
from outlay.ledger.budget import Budget
from outlay.ledger.errors import UsageError
from outlay.tools import ToolContext, tool
from outlay.tools.wrappers import approved, prefixed, rate_limited, retried


@tool(price=lambda parts: 1 / parts, read_only=True)
def split(parts: int) -> str:
    """Splits."""
    return "split"


CALL = ToolCall("c", "split", '{"parts": 2}')


async def test_a_turn_after_the_deadline_is_refused(context: ToolContext) -> None:
    account = Account(Budget.parse("seconds=5"), name="the run", clock=lambda: 0.0)
    steady = rate_limited(split, 1, 60, clock=lambda: 0.0)
    soon = replace(context, account=account)
    assert await denied(steady, CALL, soon) is None
    refused = "Not run: the next call of split is due after the deadline."
    assert [await denied(steady, CALL, soon) for _ in range(3)] == [refused] * 3


def test_tries_end_pauses_grow_and_some_failures_are_final() -> None:
    busy, gone = (Observation("c", "split", text, True) for text in ("busy", "gone"))
    tried = retried(split, 9, pause=4, when=lambda failed: failed.text == "busy")
    pauses = [tried.again(busy, attempt) for attempt in range(1, 10)]
    assert pauses == [4, 8, 16, 32, 60, 60, 60, 60, None]
    assert tried.again(gone, 1) is None


@pytest.mark.parametrize("above", ["x", "-1", float("nan")])
def test_only_money_is_a_threshold(above: str | float) -> None:
    with pytest.raises(UsageError, match="above must be USD"):
        approved(split, lambda question: True, above=above)


@pytest.mark.parametrize("prefix", ["", "a b", "ä"])
def test_only_what_a_name_may_hold_is_a_prefix(prefix: str) -> None:
    with pytest.raises(UsageError, match="is no prefix"):
        prefixed([split], prefix)
