"""Where the cells of an experiment are run: the seam between what is run and on what machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from .cells import Cell

R = TypeVar("R")


class Engine(Protocol):
    """Runs cells. A cell and what comes of it are plain data that can be pickled."""

    def run(
        self, cells: Sequence[Cell], work: Callable[[Cell], Awaitable[R]], *, concurrency: int
    ) -> AsyncGenerator[tuple[int, R], None]:
        """Yields the place and the outcome of each cell, in the order in which they end.

        Cells begin in their order. When `work` raises, or the generator is closed, the cells
        under way are cancelled and have ended before this ends.

        Args:
            work: makes the outcome of a cell.
            concurrency: cells under way at once.

        Raises:
            Exception: the first that `work` raised.
        """


class InProcess:
    """Runs cells in this process, as tasks of its event loop."""

    async def run(
        self, cells: Sequence[Cell], work: Callable[[Cell], Awaitable[R]], *, concurrency: int
    ) -> AsyncGenerator[tuple[int, R], None]:
        waiting = enumerate(cells)
        ended: asyncio.Queue[tuple[int, R]] = asyncio.Queue()

        async def work_off() -> None:
            for place, cell in waiting:
                ended.put_nowait((place, await work(cell)))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(max(concurrency, 1), len(cells))):
                    group.create_task(work_off())
                for _ in cells:
                    yield await ended.get()
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None


IN_PROCESS: Engine = InProcess()
