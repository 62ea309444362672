"""The suite: its data, its tasks, its world, and what its scorer accepts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from outlay.benchmarks.suites.game24 import Game24, Game24World, game24
from outlay.benchmarks.suites.game24.board import Board
from outlay.benchmarks.suites.game24.scorer import makes_24
from outlay.ledger.errors import ToolError, UsageError

ROOT = Path(__file__).parents[4]
DATA = Path(os.environ.get("OUTLAY_DATA") or ROOT.parent / "shared" / "data") / "game24"
CSV = "Rank,Puzzles,AMT (s)\n1,1 1 4 6,4.4\n2,1 1 11 11,4.41\n3,3 3 8 8,99\n"


@pytest.fixture
def small(tmp_path: Path) -> Game24:
    (tmp_path / "24.csv").write_text(CSV)
    return game24(data=str(tmp_path))


def test_tasks_are_the_puzzles_in_an_order_of_the_seed(small: Game24) -> None:
    tasks = small.tasks(3, seed=1)
    assert {task.metadata["numbers"] for task in tasks} == {
        (1, 1, 4, 6),
        (1, 1, 11, 11),
        (3, 3, 8, 8),
    }
    assert small.tasks(2, seed=1) == tasks[:2]
    assert any(small.tasks(3, seed=seed) != tasks for seed in range(5))
    assert len({task.id for task in tasks}) == 3


def test_the_gold_answer_scores_and_the_gold_path_solves_the_world(small: Game24) -> None:
    for task in small.tasks(3, seed=0):
        assert small.scorer.score(task, f"So.\nAnswer: {task.gold[0]}") == 1
        world = small.world(task)
        for tool, arguments in task.gold_path:
            world.combine(tool, *arguments.split(", "))
        assert world.solved


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("6 * 4 * 1 * 1", True),
        ("(6 × 4) ÷ 1 − (1 - 1) = 24", False),
        ("6 × 4 ÷ 1 × 1 = 24", True),
        ("6 * 4", False),
        ("6 * 4 * 1 * 1 * 1", False),
        ("64 - 1 - 1", False),
        ("4 + 6 + 1 + 1", False),
        ("6 * 4 / (1 - 1)", False),
        ("6 ** 1 * 4 * 1", False),
        ("-1 * -1 * 4 * 6", False),
        ("6.0 * 4 * 1 * 1", False),
        ("__import__('os').getcwd()", False),
        ("((" * 90, False),
        ("", False),
    ],
)
def test_the_scorer_is_exact(text: str, right: bool) -> None:
    assert makes_24(text, (1, 1, 4, 6)) is right


def test_no_answer_scores_nothing(small: Game24) -> None:
    assert small.scorer.score(small.tasks(1, seed=0)[0], None) == 0


def test_a_fork_leaves_no_trace() -> None:
    world = Game24World(Board.of([4, 6, 1, 1]))
    fork = world.fork()
    assert fork.act("multiply", '{"a": "4", "b": 6}') == "Left: 1, 1, 24 = (4 * 6)"
    assert world.board == Board.of([4, 6, 1, 1])
    with pytest.raises(ToolError, match="the arguments need a and b"):
        fork.act("add", '{"a": "24"}')


def test_a_game_is_over_when_one_number_is_left() -> None:
    won, lost = Game24World(Board.of([23, 1])), Game24World(Board.of([24, 1]))
    assert (won.solved, won.stuck) == (False, False)
    for world in (won, lost):
        world.combine("add", str(world.board.numbers[0].value), "1")
    assert (won.solved, won.stuck) == (True, False)
    assert (lost.solved, lost.stuck) == (False, True)


def test_the_tools_are_not_read_only_and_say_what_they_take(small: Game24) -> None:
    tools = small.world(small.tasks(1, seed=0)[0]).tools()
    assert [tool.spec.name for tool in tools] == ["add", "subtract", "multiply", "divide"]
    assert not any(tool.spec.read_only for tool in tools)
    assert all(tool.least_cost == 0 for tool in tools)
    assert set(tools[0].spec.parameters["properties"]) == {"a", "b"}


def test_missing_data_is_told(tmp_path: Path, small: Game24) -> None:
    with pytest.raises(UsageError, match="game24 needs its data: give --data FOLDER"):
        game24()
    with pytest.raises(UsageError, match="cannot be read"):
        game24(data=tmp_path / "none").tasks(1, seed=0)
    with pytest.raises(UsageError, match="has 3 puzzles"):
        small.tasks(4, seed=0)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no data of the Game of 24 in {DATA}")
def test_the_published_puzzles_can_be_read_and_solved() -> None:
    tasks = game24(data=DATA).tasks(100, seed=0)
    assert len({task.metadata["rank"] for task in tasks}) == 100
    assert all(len(task.gold_path) == 3 for task in tasks)
    assert all(len(task.metadata["numbers"]) == 4 for task in tasks)
