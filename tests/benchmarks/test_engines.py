"""The seam under the runner of a cell: order, concurrency, ends, and plain data on both sides."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

import pytest

from outlay.benchmarks.cells import Cell, RunSpec
from outlay.benchmarks.engines import IN_PROCESS
from outlay.benchmarks.experiments.experiment import ExperimentResult, run_experiment
from outlay.benchmarks.results import ResultRow

from .conftest import PLAN, Ran

R = TypeVar("R")


def cells(count: int) -> list[Cell]:
    return [
        Cell(task=f"t{n}", planner="react", budget="usd=1", repeat=0, seed=n) for n in range(count)
    ]


class PicklingEngine:
    """Runs cells as an engine of other processes would: nothing but bytes comes and goes."""

    async def run(
        self, cells: Sequence[Cell], work: Callable[[Cell], Awaitable[R]], *, concurrency: int
    ) -> AsyncGenerator[tuple[int, R], None]:
        async def far_away(cell: Cell) -> bytes:
            return pickle.dumps(await work(pickle.loads(pickle.dumps(cell))))

        running = IN_PROCESS.run(cells, far_away, concurrency=concurrency)
        async with aclosing(running) as ended:
            async for place, sent in ended:
                yield place, pickle.loads(sent)


def _told(outcome: ExperimentResult) -> list[dict[str, object]]:
    return [row.model_dump(exclude={"run", "seconds"}) for row in outcome.rows]


async def test_what_crosses_the_seam_can_be_pickled(ran: Ran, tmp_path: Path) -> None:
    outcome = await run_experiment(PLAN, home=tmp_path, engine=PicklingEngine())
    assert _told(outcome) == _told(ran.outcome)


def test_values_survive_pickling(ran: Ran) -> None:
    cell, row = cells(1)[0], ran.outcome.rows[0]
    spec = RunSpec(experiment="e", memory="full", seed=0, plan={"suite": "almanac"})
    there: list[object] = [cell, spec, row]
    back = pickle.loads(pickle.dumps(there))
    assert back == there
    assert isinstance(back[2], ResultRow)


@pytest.mark.parametrize("concurrency", [0, 1, 3, 99])
async def test_cells_begin_in_their_order_and_at_most_so_many_are_under_way(
    concurrency: int,
) -> None:
    begun: list[str] = []
    under_way = most = 0

    async def work(cell: Cell) -> int:
        nonlocal under_way, most
        begun.append(cell.task)
        under_way += 1
        most = max(most, under_way)
        for _ in range(7 - cell.seed):
            await asyncio.sleep(0)
        under_way -= 1
        return cell.seed

    found = [pair async for pair in IN_PROCESS.run(cells(7), work, concurrency=concurrency)]
    assert begun == [cell.task for cell in cells(7)]
    assert sorted(found) == [(n, n) for n in range(7)]
    assert most == min(max(concurrency, 1), 7)


async def test_the_first_failure_is_raised_and_the_others_are_cancelled() -> None:
    cancelled: list[str] = []

    async def work(cell: Cell) -> None:
        if cell.seed == 1:
            raise OSError("the disk is full")
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(cell.task)

    with pytest.raises(OSError, match="the disk is full"):
        async for _ in IN_PROCESS.run(cells(5), work, concurrency=3):
            pass
    assert sorted(cancelled) in (["t0"], ["t0", "t2"])


@pytest.mark.parametrize("how", ["closed", "cancelled"])
async def test_whoever_stops_listening_stops_the_cells(how: str) -> None:
    ended: list[str] = []

    async def work(cell: Cell) -> None:
        try:
            if cell.seed:
                await asyncio.Event().wait()
        finally:
            ended.append(cell.task)

    async def listen() -> None:
        async with aclosing(IN_PROCESS.run(cells(3), work, concurrency=3)) as outcomes:
            async for _ in outcomes:
                if how == "closed":
                    await asyncio.sleep(0)
                    raise OSError("the view is gone")

    listening = asyncio.create_task(listen())
    for _ in range(5):
        await asyncio.sleep(0)
    listening.cancel() if how == "cancelled" else None
    with pytest.raises(OSError if how == "closed" else asyncio.CancelledError):
        await listening
    assert sorted(ended) == ["t0", "t1", "t2"]


async def test_nothing_to_run_is_nothing_to_wait_for() -> None:
    async def work(cell: Cell) -> None:
        raise AssertionError(cell)

    assert [pair async for pair in IN_PROCESS.run([], work, concurrency=2)] == []
