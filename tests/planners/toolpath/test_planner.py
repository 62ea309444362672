"""Orders carried out by an agent: checks, second tries, new plans, budgets, replays."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Home
from outlay.agent.history.subtask_traces import recorded_traces
from outlay.ledger.errors import UsageError
from outlay.planners.toolpath import Subroutine, SubroutineLibrary, SubtaskTrace, toolpath
from outlay.planners.toolpath.subroutines.subroutine import ToolStep

from .conftest import ORDER, Make, TypedToolShop


def recorded(home: Path) -> list[SubtaskTrace]:
    return recorded_traces(Home.at(home))


async def test_an_order_goes_along_the_cheapest_path(agent: Make, home: Path) -> None:
    shop = TypedToolShop()
    result = await agent(shop).run(ORDER)
    assert (result.status, result.answer) == ("answered", "chair-finish")
    assert shop.calls == [("axe", "low"), ("nail", "low"), ("finish", "low")]
    assert (result.cost or result.spend.usd) == Decimal("0.005")
    board, chair = recorded(home)
    assert (board.want, board.have, board.ok, board.searches) == ("board", ("log",), True, 1)
    assert (chair.want, chair.have, len(chair.path)) == ("chair", ("board", "log"), 2)
    assert result.spend["model_calls"] == 0


async def test_a_failed_step_is_tried_once_more_with_other_arguments(agent: Make) -> None:
    shop = TypedToolShop({("axe", "low")})
    result = await agent(shop).run(ORDER)
    assert result.answer == "chair-finish"
    assert shop.calls[:2] == [("axe", "low"), ("axe", "high")]


async def test_a_tool_that_fails_twice_is_planned_around(agent: Make, home: Path) -> None:
    shop = TypedToolShop({"axe", "finish"})
    result = await agent(shop).run(ORDER)
    assert result.answer == "chair-carve"
    assert shop.calls == [
        ("axe", "low"), ("axe", "high"), ("saw", "low"), ("nail", "low"), ("finish", "low"),
        ("finish", "high"), ("carve", "low"),
    ]  # fmt: skip
    board, chair = recorded(home)
    assert (board.searches, chair.searches) == (2, 2)
    assert [step.tool for step in chair.path] == ["carve"]


async def test_without_retry_the_next_tool_is_tried_at_once(agent: Make) -> None:
    shop = TypedToolShop({"axe"})
    await agent(shop, retry=False).run(ORDER)
    assert shop.calls[:2] == [("axe", "low"), ("saw", "low")]


async def test_what_is_not_good_enough_has_failed(agent: Make) -> None:
    shop = TypedToolShop(axe=0.4)
    await agent(shop, check=0.5, retry=False).run(ORDER)
    assert shop.calls[:2] == [("axe", "low"), ("saw", "low")]
    lenient = TypedToolShop(axe=0.4)
    await agent(lenient, check=0.3).run(ORDER)
    assert [name for name, _ in lenient.calls] == ["axe", "nail", "finish"]


async def test_a_step_dearer_than_booked_makes_a_new_plan(agent: Make, home: Path) -> None:
    shop = TypedToolShop()
    shop.real["nail"] = Decimal("0.05")
    result = await agent(shop).run(ORDER)
    assert result.answer == "chair-finish"
    assert [trace.searches for trace in recorded(home)] == [1, 2]


async def test_what_a_run_sees_changes_its_later_plans(agent: Make) -> None:
    shop = TypedToolShop({("saw", "low")})
    shop.abilities["axe"] = shop.abilities["saw"]
    order = "You have: log (log-1).\nMake, one after the other: board."
    result = await agent(shop).run(order)
    assert result.answer == "board-axe"


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ("Make me a chair.", "the task is no order for tools"),
        ("You have: log (log-1).\nMake, one after the other: gold.", "no tool gives 'gold'"),
        ("You have: hay (hay-1).\nMake, one after the other: chair.", "cannot be had for it"),
    ],
)
async def test_an_order_that_cannot_be_made_says_why(agent: Make, order: str, why: str) -> None:
    result = await agent(TypedToolShop()).run(order)
    assert (result.status, result.text) == ("failed", None)
    assert why in result.why


async def test_an_order_for_what_is_at_hand_is_done(agent: Make) -> None:
    shop = TypedToolShop()
    result = await agent(shop).run("You have: log (log-1).\nMake, one after the other: log.")
    assert (result.answer, shop.calls) == ("log-1", [])


async def test_when_all_tools_fail_the_order_fails(agent: Make, home: Path) -> None:
    result = await agent(TypedToolShop({"axe", "saw", "mill"})).run(ORDER)
    assert result.status == "failed"
    assert "board is not made: no tool gives 'board'" in result.why
    (trace,) = recorded(home)
    assert (trace.ok, trace.path, trace.searches, len(trace.steps)) == (False, (), 4, 6)


async def test_tools_without_a_catalogue_cannot_be_planned_with(agent: Make) -> None:
    shop = TypedToolShop()
    result = await agent(shop, tools=shop.tools()[1:]).run(ORDER)
    assert result.status == "failed"
    assert "there is no tool 'catalogue'" in result.why


async def test_a_search_keeps_to_its_limit(agent: Make) -> None:
    result = await agent(TypedToolShop(), expansions=1).run(ORDER)
    assert "within the limits of the search" in result.why


async def test_what_the_budget_cannot_pay_is_planned_around(agent: Make, home: Path) -> None:
    shop = TypedToolShop()
    result = await agent(shop, budget="tool_calls=99,axe=0").run(ORDER)
    assert (result.answer, shop.calls[0]) == ("chair-finish", ("saw", "low"))
    assert result.spend["tool_calls.axe"] == 0
    assert "axe" not in {step.tool for trace in recorded(home) for step in trace.steps}


async def test_a_replay_takes_the_same_steps_for_free(agent: Make, home: Path) -> None:
    shop = TypedToolShop({"axe"})
    made = agent(shop)
    first = await made.run(ORDER)
    calls = list(shop.calls)
    again = await made.replay(first.run)
    assert (again.text, again.spend, shop.calls) == (first.text, first.spend, calls)


@pytest.mark.parametrize("call", range(1, 6))
async def test_a_run_that_is_cut_off_goes_on_where_it_was(
    agent: Make, home: Path, call: int
) -> None:
    whole, cut = TypedToolShop({"axe"}), TypedToolShop({"axe"})
    expected = await agent(whole).run(ORDER)

    def stop() -> None:
        if len(cut.calls) == call:
            running.cancel()

    cut.hook = stop
    running = asyncio.create_task(agent(cut).run(ORDER, run="cut"))
    with pytest.raises(asyncio.CancelledError):
        await running
    cut.hook = lambda: None
    result = await agent(cut).resume("cut")
    assert (result.status, result.text) == ("answered", expected.text)
    assert set(cut.calls) == set(whole.calls)
    assert len(cut.calls) <= len(whole.calls) + 1


def subroutine(*tools: str, want: str = "board", takes: str = "log") -> Subroutine:
    abilities = TypedToolShop().abilities
    moves = tuple(
        ToolStep(
            tool=t, takes=abilities[t].takes, gives=abilities[t].gives, arguments={"care": "low"}
        )
        for t in tools
    )
    return Subroutine(
        want=want, takes=(takes,), material=None, moves=moves, support=3, success=1.0, usd=0.01,
        quality=0.9, net=-9.0,
    )  # fmt: skip


@pytest.fixture
def learned(tmp_path: Path) -> Path:
    """A file with a subroutine for each subtask of the order."""
    path = tmp_path / "learned.json"
    both = (subroutine("mill"), subroutine("carve", want="chair", takes="board"))
    SubroutineLibrary(subroutines=both).save(path)
    return path


async def test_a_subroutine_goes_before_any_search(agent: Make, home: Path, learned: Path) -> None:
    shop = TypedToolShop()
    made = agent(shop, learned=str(learned))
    result = await made.run(ORDER)
    assert shop.calls == [("mill", "low"), ("carve", "low")]
    assert result.spend["tool_calls.catalogue"] == 0
    assert [(trace.searches, trace.by) for trace in recorded(home)] == [
        (0, each.name)
        for each in sorted(SubroutineLibrary.load(learned).subroutines, key=lambda s: s.want)
    ]
    learned.unlink()
    assert (await made.replay(result.run)).text == result.text


async def test_where_it_fails_that_subtask_alone_is_searched_for(
    agent: Make, home: Path, learned: Path
) -> None:
    shop = TypedToolShop({"mill"})
    result = await agent(shop, learned=str(learned)).run(ORDER)
    assert result.answer == "chair-carve"
    assert [name for name, _ in shop.calls] == ["mill", "axe", "carve"]
    board, chair = recorded(home)
    assert (board.searches, chair.searches) == (1, 0)
    assert board.by.startswith("board-")


async def test_subroutines_and_estimates_can_be_left_out(
    agent: Make, home: Path, learned: Path
) -> None:
    shop = TypedToolShop({"axe"})
    await agent(shop, learned=str(learned), subroutines=False).run(ORDER)
    assert ("mill", "low") not in shop.calls
    SubroutineLibrary().updated(recorded(home) * 5).save(learned)
    knowing, forgetful = TypedToolShop({"axe"}), TypedToolShop({"axe"})
    await agent(knowing, learned=str(learned)).run(ORDER)
    await agent(forgetful, learned=str(learned), estimates=False).run(ORDER)
    assert knowing.calls[0] == ("saw", "low")
    assert forgetful.calls[0] == ("axe", "low")


async def test_a_file_that_cannot_be_read_ends_the_run(agent: Make, tmp_path: Path) -> None:
    path = tmp_path / "learned.json"
    path.write_text("{")
    result = await agent(TypedToolShop(), learned=str(path)).run(ORDER)
    assert result.status == "failed"
    assert "cannot be read as subroutines" in result.why


def test_options_make_sense() -> None:
    with pytest.raises(UsageError, match="check=2"):
        toolpath(check=2)
    with pytest.raises(UsageError, match="quality"):
        toolpath(quality=-1)
    with pytest.raises(UsageError, match="expansion"):
        toolpath(expansions=0)
