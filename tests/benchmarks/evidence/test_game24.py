"""Searches held against each other on the Game of 24."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from outlay.benchmarks.evidence.game24 import SETTINGS, PuzzleResult, gaps, play, table
from outlay.benchmarks.suites.game24 import Game24, Game24Player, game24
from outlay.planners.toolchain import Plans


@pytest.fixture
def game(tmp_path: Path) -> Game24:
    (tmp_path / "24.csv").write_text("Rank,Puzzles\n1,1 1 4 6\n2,3 3 8 8\n3,4 9 10 13\n")
    return game24(data=tmp_path)


async def test_more_expansions_never_solve_less_nor_cost_less(game: Game24) -> None:
    prices = (Decimal(1), Decimal(10))
    plans = Plans([["add", "multiply"]])
    for setting in SETTINGS:
        played = [
            await play(
                game, task, Game24Player(seed=3), setting, plans, tried=True, k=3, expansions=12,
                prices=prices,
            )
            for task in game.tasks(3, seed=0)
        ]  # fmt: skip
        for one in played:
            assert len(one.costs) <= 12
            found = [one.solved_within(limit) for limit in range(13)]
            spent = [one.cost_within(limit) for limit in range(13)]
            assert found == sorted(found)
            assert spent == sorted(spent)


def test_a_table_shows_success_with_its_interval_and_cost() -> None:
    played = [
        PuzzleResult(True, (Decimal("0.001"),) * 3),
        PuzzleResult(False, (Decimal("0.002"),) * 2),
    ]
    head, rule, line = table({"astar": played}, [2, 4], "calibrated")
    assert head == "| calibrated | 2 expansions | 4 expansions |"
    assert rule == "|---|---|---|"
    assert line == "| astar | 0% [0%, 66%], $0.00300 | 50% [9%, 91%], $0.00350 |"


def test_searches_are_compared_on_the_same_puzzles() -> None:
    good, bad = PuzzleResult(True, (Decimal(1),)), PuzzleResult(False, (Decimal(1),))
    told = gaps({"astar": [good] * 9 + [bad], "dfs": [bad] * 9 + [good]}, 4)
    assert told.startswith("astar against others at 4 expansions, in points: dfs +80 [+")
    assert "dfs +0" in gaps({"astar": [good] * 9, "dfs": [good] * 9}, 4)
