"""Comparisons of ways to improve: what they hold against what."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from outlay.embedded.evidence.improvement import (  # noqa: E402
    LINES,
    MISLED,
    ArmResult,
    PlayResult,
    again,
    allocations,
    arms,
    compare,
    sentence,
    tried,
)
from outlay.embedded.school.episodes import QuestionPlay  # noqa: E402
from outlay.embedded.school.evaluation import held_out  # noqa: E402
from outlay.embedded.school.imitation import StudyConfig, study  # noqa: E402
from outlay.embedded.school.reinforcement import PracticeConfig, drawn  # noqa: E402
from outlay.embedded.transformer.model import ModelShape, TinyModel  # noqa: E402
from outlay.embedded.transformer.vocabulary import VOCABULARY  # noqa: E402

SMALL = ModelShape(tokens=len(VOCABULARY), width=16, layers=1, heads=2, hidden=16, grams=2)
PRACTICE = PracticeConfig(rounds=1, questions=4, group=2)


@pytest.fixture(scope="module")
def start() -> TinyModel:
    return study(StudyConfig(tokens=1_000, shape=SMALL, batch_tokens=600)).exported()


def played(world: str, success: float, cost: float, *checked: bool) -> PlayResult:
    return PlayResult(world=world, hops="2", success=success, cost=cost, checked=checked)


def test_a_finding_is_paired_by_world() -> None:
    before = [played("a", 1, 4), played("a", 0, 4, True), played("b", 1, 8, False)]
    after = [replace(each, cost=each.cost - 1) for each in before]
    found = ArmResult.of(before, after, arm="loop", seed=0, units=16, line="true")
    assert found.cost_gain.value == pytest.approx(-1)
    assert found.success_gain.value == 0
    assert found.cost_gain.tasks == 2  # two worlds, however many questions
    assert (found.questions, found.checked) == (3, 0.5)
    assert found.by_hops == pytest.approx({"1-2": 2 / 3, "2": 2 / 3})
    assert "old facts checked 50%" in sentence(found)
    one = ArmResult.of(before[:1], after[:1], arm="loop", seed=0, units=16, line="true")
    assert one.checked is None


def test_what_is_told_of_the_budget() -> None:
    [case] = held_out(1, seed=0)
    plays = {line: begin(case, 4) for line, begin in LINES.items()}
    told = {line: play.told for line, play in plays.items()}
    assert told == {"true": 4, "false": 4 + MISLED, "none": None}
    assert [play.units for play in plays.values()] == [4, 4, 4]


def test_a_play_is_begun_anew_with_its_whole_budget() -> None:
    [case] = held_out(1, seed=0)
    play = QuestionPlay(case, 5)
    play.spent, play.units = 3, 2
    assert (again(play).units, again(play).spent) == (5, 0)
    assert again(QuestionPlay(case, None)).units is None


def test_arms_are_held_against_the_start(start: TinyModel) -> None:
    found: list[ArmResult] = []
    questions = held_out(6, seed=0)
    compare(start, PRACTICE, names=["loop"], questions=questions, budgets=(2, 4), told=found.append)
    assert [(each.arm, each.line, each.units) for each in found] == [
        *(("start", "true", units) for units in (2, 4)),
        *(("start", line, 2) for line in ("false", "none")),
        *(("loop", "true", units) for units in (2, 4)),
    ]
    assert all(each.success_gain.value == 0 for each in found[:2])
    assert set(arms(PRACTICE)) == {"loop", "grpo", "replay", "control"}


def test_the_same_model_plays_the_same(start: TinyModel) -> None:
    questions = held_out(4, seed=1)
    assert tried(start, questions, 4) == tried(start, questions, 4)


def test_allocations_are_shares(start: TinyModel) -> None:
    found = allocations(start, PRACTICE)
    assert set(found) == {"uniform", "knapsack"}
    assert all(0 <= share <= 1 for shares in found.values() for share in shares)
    assert len(drawn(Random(0), PRACTICE)) == 8
