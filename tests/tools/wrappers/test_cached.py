"""A hit is free whatever becomes of its file, and answers are not mixed up."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import cost

from outlay.journal.records import ToolCall
from outlay.tools import Outputs, Tool, ToolContext, tool
from outlay.tools.invocation import Invocation
from outlay.tools.wrappers import cached

paid: list[str] = []


@pytest.fixture(autouse=True)
def nothing_is_paid() -> None:
    paid.clear()


@tool(price="0.002", read_only=True, max_chars=500)
def fetch(name: str, times: int = 1) -> str:
    """Fetches a text."""
    paid.append(name)
    return name * times


def call(arguments: str) -> ToolCall:
    return ToolCall("c", "fetch", arguments)


ADA = call('{"name": "Ada"}')


@pytest.mark.parametrize("damage", [os.unlink, lambda path: os.truncate(path, 3)])
async def test_a_call_told_to_be_free_is_never_paid(
    damage: object, tmp_path: Path, context: ToolContext
) -> None:
    kept = cached(fetch, tmp_path / "cache")
    await kept.run(ADA, context)
    assert cost(kept, ADA.arguments) == 0
    for entry in (tmp_path / "cache").iterdir():
        damage(entry)  # type: ignore[operator]
    assert (await kept.run(ADA, context)).text == "Ada"
    assert paid == ["Ada"]
    assert cost(kept, ADA.arguments) == Decimal("0.002")


async def test_a_torn_entry_costs_a_call(tmp_path: Path, context: ToolContext) -> None:
    kept = cached(fetch, tmp_path / "cache")
    await kept.run(ADA, context)
    for entry in (tmp_path / "cache").iterdir():
        entry.write_bytes(b'{"te')
    assert cost(kept, ADA.arguments) == Decimal("0.002")


async def test_another_home_can_read_on_in_what_was_cut(
    tmp_path: Path, context: ToolContext
) -> None:
    kept = cached(fetch, tmp_path / "cache")
    long = call('{"name": "long ", "times": 1000}')
    first = await kept.run(long, context)
    other = ToolContext(run="run-2", call_id="c", outputs=Outputs(tmp_path / "other"))
    again = await kept.run(long, other)
    assert (again.text, again.ref, len(paid)) == (first.text, first.ref, 1)
    assert again.ref is not None
    assert other.outputs.get(again.ref, length=None) == "long " * 1000


async def test_the_folder_does_not_outgrow_its_bound(tmp_path: Path, context: ToolContext) -> None:
    folder = tmp_path / "cache"
    kept = cached(fetch, folder, most=5_000)
    for number in range(100):
        await kept.run(call(f'{{"name": "{number}", "times": 100}}'), context)
    assert sum(entry.stat().st_size for entry in folder.iterdir()) <= 5_500
    assert cost(kept, '{"name": "99", "times": 100}') == 0
    assert cost(kept, '{"name": "0", "times": 100}') == Decimal("0.002")


async def test_a_folder_that_cannot_be_written_is_no_cache(
    tmp_path: Path, context: ToolContext
) -> None:
    (tmp_path / "cache").write_text("a file")
    kept = cached(fetch, tmp_path / "cache")
    for _ in range(2):
        assert (await kept.run(ADA, context)).text == "Ada"
    assert len(paid) == 2


numbers = st.integers(-(2**80), 2**80)


@given(numbers, numbers)
def test_other_arguments_have_another_place(one: int, other: int) -> None:
    kept: Tool = cached(fetch, "never-written")
    call = ToolCall("1", "fetch", "{}")
    calls = [Invocation.of(call, {"name": number}) for number in (one, other)]
    places = {kept._key(made) for made in calls}  # type: ignore[attr-defined]
    assert (len(places) == 1) == (one == other)
