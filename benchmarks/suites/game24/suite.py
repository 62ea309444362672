"""The Game of 24 as a suite: 1,262 puzzles of four numbers (Yao et al. 2023, 2305.10601)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from random import Random

from ....ledger.errors import UsageError
from ...suite import Task
from .board import Board, solution
from .scorer import Game24Scorer
from .world import Game24World

FILE = "24.csv"

SYSTEM_PROMPT = """\
You play the Game of 24: make 24 of four numbers with + - * /, using each number exactly once. \
Each tool replaces two of the numbers that are left by one; a move cannot be taken back. \
When one number is left, end with one line that holds the whole expression over the four given \
numbers, like this:
Answer: (4 - 1) * (6 + 2)"""


class Game24:
    """Puzzles, easy to hard by the time that people need, from the file of Tree of Thoughts.

    Args:
        data: the folder with 24.csv, or the file.
    """

    def __init__(self, data: Path) -> None:
        self.path = data / FILE if data.is_dir() else data
        self.name = "game24"
        self.system_prompt = SYSTEM_PROMPT
        self.scorer = Game24Scorer()

    def tasks(self, n: int, seed: int) -> Sequence[Task]:
        """Returns the first `n` tasks of a seed; a smaller `n` gives the first ones of a larger.

        Raises:
            UsageError: the data cannot be read, or have fewer puzzles.
        """
        puzzles = list(self._puzzles)
        if n > len(puzzles):
            raise UsageError(f"{self.path} has {len(puzzles)} puzzles: ask for no more tasks")
        Random(f"game24/{seed}").shuffle(puzzles)
        return tuple(_task(rank, numbers) for rank, numbers in puzzles[:n])

    def world(self, task: Task) -> Game24World:
        """Returns a fresh game for a task of this suite."""
        return Game24World(Board.of(task.metadata["numbers"]))

    @cached_property
    def _puzzles(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        try:
            with self.path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            return tuple(
                (int(row["Rank"]), tuple(int(n) for n in row["Puzzles"].split())) for row in rows
            )
        except (OSError, ValueError, KeyError) as error:
            raise UsageError(
                f"the puzzles in {self.path} cannot be read ({error!r}): give --data FOLDER with "
                f"the {FILE} of Tree of Thoughts (columns Rank and Puzzles)"
            ) from error


def game24(*, data: str | Path = "") -> Game24:
    """Returns the Game of 24 over the data in a folder.

    Raises:
        UsageError: no folder is given.
    """
    if not data:
        raise UsageError(
            "game24 needs its data: give --data FOLDER with the 24.csv of Tree of Thoughts"
        )
    return Game24(Path(data))


def _task(rank: int, numbers: tuple[int, ...]) -> Task:
    board = Board.of(numbers)
    path = solution(board.values)
    for move in path:
        board = board.after(move.tool, str(move.a), str(move.b))
    listed = " ".join(map(str, numbers))
    return Task(
        id=f"game24-{rank}",
        prompt=f"Make 24 of these four numbers.\nNumbers: {listed}",
        kind="game24",
        gold=(board.numbers[0].text,) if path else (),
        gold_cost=Decimal(0),
        gold_path=tuple((move.tool, f"{move.a}, {move.b}") for move in path),
        metadata={"numbers": numbers, "rank": rank},
    )
