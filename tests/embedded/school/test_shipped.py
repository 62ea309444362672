"""The weights that come with the package, on names that they have never seen."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Agent
from outlay.benchmarks.suites.almanac import almanac
from outlay.benchmarks.suites.almanac.questions import DrawnQuestion
from outlay.embedded.school.episodes import QuestionPlay, WorldQuestion
from outlay.embedded.school.evaluation import held_out, play_all, trial
from outlay.embedded.transformer.dialect import prompt_ids
from outlay.embedded.transformer.vocabulary import IDS, LAST
from outlay.embedded.transformer.weights import SHIPPED, shipped
from outlay.journal.records import Request, ToolSpec
from outlay.policies import policy

TOOLS = tuple(ToolSpec(name, "", {}) for name in ("search", "open"))


def test_the_file_is_small() -> None:
    assert SHIPPED.stat().st_size <= 8_000_000


def test_it_answers_most_questions() -> None:
    found = trial(shipped(), held_out(16, seed=1), units=16)
    assert found.success >= 0.75
    assert found.cost <= 8


def test_it_never_spends_what_it_does_not_have() -> None:
    plays = trial(shipped(), held_out(8, seed=2), units=2).plays
    assert max(play.spent for play in plays) <= 2


@pytest.mark.parametrize("units", [2, 8])
async def test_the_agent_shows_it_what_training_showed_it(units: int, tmp_path: Path) -> None:
    suite = almanac()
    for task in suite.tasks(3, seed=0):
        drawn = DrawnQuestion(task.prompt, task.gold, ())
        play = QuestionPlay(
            WorldQuestion(world=suite.world(task), drawn=drawn, hops=task.hops), units
        )
        play_all(shipped(), [play])
        agent = Agent(
            model=policy("embedded"),
            tools=suite.world(task).tools(),
            planner="tracker",
            budget=f"usd={Decimal(units) / 1000}",
            home=tmp_path,
        )
        result = await agent.run(task.prompt)
        assert (result.answer, result.cost) == (play.answer, Decimal(play.spent) / 1000)
        request = Request(tuple(result.trajectory), TOOLS)
        assert prompt_ids(request)[:-1] == [place for place in play.ids if place != IDS[LAST]]
