"""The simulated player: errs as its rates say, and plays whole runs under a budget."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from outlay.agent import Agent, AgentOptions, Home
from outlay.benchmarks.suites.game24 import Game24, Game24Player, PlayerErrorRates, game24
from outlay.benchmarks.suites.game24.board import left_after, moves, solvable
from outlay.journal.records import Message, Request
from outlay.planners import Planner
from outlay.planners.toolchain import ToolchainOptions as Search
from outlay.planners.toolchain import toolchain, toolchain_planner
from outlay.planners.toolchain.actions import Action, LookaheadResult, PlanStep
from outlay.planners.toolchain.policy_proposer import question
from outlay.tools import Tool

VALUES = tuple(map(Fraction, (1, 1, 4, 6)))
PRICES = '[models."simulated/game24"]\ninput = 1\noutput = 10\n'
ALL_KNOWING = PlayerErrorRates(error=0, sure=1, unsure=1)


@pytest.fixture
def game(tmp_path: Path) -> Game24:
    (tmp_path / "24.csv").write_text("Rank,Puzzles\n1,1 1 4 6\n2,3 3 8 8\n3,4 9 10 13\n")
    return game24(data=tmp_path)


def test_the_ranking_is_fixed_by_seed_and_numbers() -> None:
    assert Game24Player(seed=1).ranking(VALUES) == Game24Player(seed=1).ranking(VALUES)
    rankings = {str(Game24Player(seed=seed).ranking(VALUES)) for seed in range(5)}
    assert len(rankings) == 5
    assert set(Game24Player().ranking(VALUES)[0]) == set(moves(VALUES))


def test_it_knows_as_often_as_the_rates_say() -> None:
    sure = [
        Game24Player(PlayerErrorRates(error=0.3), seed=seed).ranking(VALUES) for seed in range(400)
    ]
    knows = [ranking for ranking, chance in sure if chance == 0.6]
    assert 0.6 < len(knows) / 400 < 0.8
    good = [solvable(left_after(VALUES, move)) for move in knows[0]]
    assert good == sorted(good, reverse=True)
    hopeless = tuple(map(Fraction, (1, 1, 1, 1)))
    assert Game24Player(ALL_KNOWING).ranking(hopeless)[1] == ALL_KNOWING.unsure


def test_samples_follow_the_ranking_as_often_as_they_are_sure() -> None:
    player = Game24Player(PlayerErrorRates(error=0, sure=0.6))
    first = player.ranking(VALUES)[0][0]
    drawn = [player.sample(VALUES, str(draw)) for draw in range(400)]
    assert 0.52 < drawn.count(first) / 400 < 0.68
    assert player.sample(VALUES, "7") == drawn[7]


async def test_samples_are_plans_and_are_billed_by_their_bytes(game: Game24) -> None:
    task = game.tasks(1, seed=0)[0]
    text = question(
        [PlanStep(Action.of("add", '{"a":"1","b":"1"}'), LookaheadResult("Left: … {x}"))]
    )
    messages = (Message("user", "Numbers: 1 1 4 6"), Message("user", text))
    tools = tuple(tool.spec for tool in game.world(task).tools())
    reply = await Game24Player().reply(Request(messages, tools, samples=4))
    texts = [reply.message.content, *(message.content for message in reply.others)]
    assert [len(json.loads(one)["steps"]) for one in texts] == [2] * 4
    assert len(set(texts)) > 1
    assert reply.usage is not None
    assert reply.usage.input > len(text.encode()) / 4
    assert reply.usage.output >= sum(len(one) for one in texts) / 4


async def run(game: Game24, place: int, planner: Planner, home: Path, budget: str) -> float:
    task = game.tasks(3, seed=0)[place]
    world = game.world(task)
    tools: list[Tool] = list(world.tools())
    home.parent.mkdir(exist_ok=True)
    prices = home.parent / "prices.toml"
    prices.write_text(PRICES)
    agent = Agent(
        model=Game24Player(ALL_KNOWING), tools=tools, planner=planner, budget=budget, home=home,
        prices=prices, options=AgentOptions(system=game.system_prompt),
    )  # fmt: skip
    try:
        result = await agent.run(task.prompt)
        assert result.spend.usd <= Decimal(budget.removeprefix("usd="))
        again = await agent.replay(result.run)
        assert again.trajectory == result.trajectory
        return game.scorer.score(task, result.text)
    finally:
        Home.at(home).close()


@pytest.mark.parametrize("place", range(3))
async def test_the_planner_solves_with_a_player_that_knows(
    game: Game24, place: int, tmp_path: Path
) -> None:
    planner = toolchain(k=2, depth=3)
    assert await run(game, place, planner, tmp_path / "home", "usd=0.1") == 1


async def test_the_planner_tries_steps_out_on_forks_of_the_world(
    game: Game24, tmp_path: Path
) -> None:
    world = game.world(game.tasks(3, seed=0)[0])
    planner = toolchain_planner(Search(k=2, depth=3, expansions=3), world)
    assert await run(game, 0, planner, tmp_path / "home", "usd=0.1") == 1
    assert len(world.board.numbers) == 4


async def test_a_small_budget_is_kept(game: Game24, tmp_path: Path) -> None:
    score = await run(game, 0, toolchain(k=2, depth=3), tmp_path / "home", "usd=0.012")
    assert score in (0, 1)
