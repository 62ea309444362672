from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed")

from outlay.benchmarks.suites.almanac import AlmanacKnobs  # noqa: E402
from outlay.embedded.school.episodes import QuestionPlay, TokenEpisode, cases, drills, played  # noqa: E402
from outlay.embedded.school.evaluation import TokenSampler, play_all  # noqa: E402
from outlay.embedded.school.imitation import StudyConfig, StudyProgress, lesson, study  # noqa: E402
from outlay.embedded.school.network import Network  # noqa: E402
from outlay.embedded.school.recipe import Recipe, log_to, train  # noqa: E402
from outlay.embedded.school.reinforcement import (  # noqa: E402
    PracticeConfig,
    PracticeRound,
    checks,
    improve,
    rollout,
)
from outlay.embedded.transformer.model import ModelShape  # noqa: E402
from outlay.embedded.transformer.vocabulary import VOCABULARY, decode, encode  # noqa: E402
from outlay.embedded.transformer.weights import load  # noqa: E402
from outlay.training.loop.examples import grouped  # noqa: E402
from outlay.training.objectives.rewards import outcome_score  # noqa: E402

SMALL = ModelShape(tokens=len(VOCABULARY), width=32, layers=1, heads=2, hidden=32, grams=3)
STUDY = StudyConfig(tokens=15_000, shape=SMALL, batch_tokens=600)
PRACTICE = PracticeConfig(rounds=2, questions=4, group=3)


def a_play(units: int | None = None) -> QuestionPlay:
    return QuestionPlay(next(cases(Random(0), AlmanacKnobs(split="train"))), units)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 80))
def test_groups_hold_every_episode_once_and_no_more_tokens_than_allowed(
    lengths: list[int], tokens: int
) -> None:
    groups = list(grouped(lengths, tokens, Random(0)))
    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    for group in groups:
        longest = max(lengths[place] for place in group)
        assert len(group) == 1 or longest * len(group) <= tokens


def test_a_lesson_tells_what_each_token_counts() -> None:
    ids = encode("Kasa leader : Memu")
    own = (False, False, False, False, True, True)
    found = lesson(TokenEpisode(ids=tuple(ids), mask=own), 3)
    assert found.ids == tuple(ids)
    assert found.weights == (0.0, 0.08, 0.08, 0.08, 4.0, 1.0)
    assert found.mask == (False, True, True, True, True, True)


def test_imitation_lowers_the_loss() -> None:
    seen: list[StudyProgress] = []
    kept: list[Network] = []
    plan = replace(STUDY, tokens=25_000, phases=0.0)
    study(plan, seen.append, kept.append)
    first, last = seen[:2], seen[-2:]
    assert sum(p.loss for p in last) < 0.8 * sum(p.loss for p in first)
    assert seen[-1].tokens >= plan.tokens > seen[-2].tokens
    assert kept == []


def test_equal_studies_give_equal_networks() -> None:
    brief = replace(STUDY, tokens=3_000)
    first, second = (study(brief).exported().weights for _ in range(2))
    assert all((first[name] == second[name]).all() for name in first)


def test_a_play_becomes_a_row_of_what_was_sampled() -> None:
    play = a_play(units=4)
    [said] = play_all(study(replace(STUDY, tokens=1_000)).exported(), [play], TokenSampler(0))
    found = rollout(play, said, "r", "q")
    [row] = found.rows
    assert row.ids == tuple(play.ids)
    own = [logprob for on, logprob in zip(row.mask, row.logprobs, strict=True) if on]
    assert own == [logprob for turn in said for logprob in turn.logprobs]
    assert not any(logprob for on, logprob in zip(row.mask, row.logprobs, strict=True) if not on)


def test_a_right_answer_is_worth_one_less_its_calls() -> None:
    play = played(a_play(), Random(0))
    play.mask = [False] * len(play.ids)
    done = rollout(play, [], "r", "q").outcome
    reward = replace(PRACTICE, price=0.02).reinforcement().reward
    assert reward is not None
    assert outcome_score(done) == 1
    assert play.spent > 0
    assert reward(done) == pytest.approx(1 - 0.02 * play.spent)


def test_old_facts_that_are_checked_are_counted() -> None:
    play = a_play()
    play.ids = encode("Kasa leader : Memu (old) . Gopu ally : Voma (old) .") + encode("x")
    assert list(checks(play)) == [False, False]
    play.ids = [*play.ids, VOCABULARY.index("<o>"), *encode("Kasa (city)")]
    assert list(checks(play)) == [False, True]


def test_the_expert_checks_what_is_old() -> None:
    source = cases(Random(1), AlmanacKnobs(split="train", stale=0.4))
    plays = [played(QuestionPlay(case, None), Random(0)) for case in islice(source, 60)]
    found = [is_checked for play in plays for is_checked in checks(play)]
    assert len(found) > 10
    assert all(found)


def test_reinforcement_favours_what_is_rewarded() -> None:
    drill = next(drills(Random(0)))
    assert decode(drill.ids)
    network = study(replace(STUDY, tokens=3_000))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    rounds: list[PracticeRound] = []
    improve(network, PRACTICE, rounds.append)
    assert [done.number for done in rounds] == [0, 1]
    assert all(0 <= done.useful <= 1 and done.cost >= 0 for done in rounds)
    assert any(not torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_the_recipe_writes_weights_and_its_log(tmp_path: Path) -> None:
    recipe = Recipe(
        study=replace(STUDY, tokens=3_000), practice=PRACTICE, questions=4, budgets=(2, None)
    )
    told: list[tuple[str, dict[str, Any]]] = []
    log = log_to(tmp_path / "w.jsonl", lambda event, numbers: told.append((event, numbers)))
    found = train(recipe, tmp_path / "w.npz", log)
    assert [(row.policy, row.units) for row in found] == [
        (policy, units)
        for policy in ("expert", "imitation", "reinforcement")
        for units in (2, None)
    ]
    assert found[1].success == 1.0
    assert load(tmp_path / "w.npz").shape == load(tmp_path / "w.sft.npz").shape == SMALL
    assert len((tmp_path / "w.jsonl").read_text().splitlines()) == len(told) == 6 + 2
