from __future__ import annotations

import re
from itertools import islice
from random import Random

import pytest

from outlay.benchmarks.suites.almanac import AlmanacKnobs
from outlay.benchmarks.suites.almanac.grammar import NAME
from outlay.benchmarks.suites.almanac.names import split_of
from outlay.embedded.school.episodes import (
    QuestionPlay,
    cases,
    drills,
    expert_episodes,
    played,
    training_knobs,
)
from outlay.embedded.school.expert import WASTEFUL
from outlay.embedded.transformer.dialect import read_turn
from outlay.embedded.transformer.vocabulary import END, IDS, TURN, UNK, decode


def some(n: int, seed: int = 0) -> list[QuestionPlay]:
    return [
        QuestionPlay(case, None)
        for case in islice(cases(Random(seed), AlmanacKnobs(split="train")), n)
    ]


def test_no_held_out_name_is_in_any_episode() -> None:
    random = Random(1)
    episodes = [*islice(expert_episodes(random, 0.5), 60), *islice(drills(random), 60)]
    names = {name for e in episodes for name in re.findall(NAME, decode(e.ids))}
    assert len(names) > 300
    assert {split_of(name) for name in names} == {"train"}


def test_the_held_out_names_are_held_out_worlds_only() -> None:
    case = next(cases(Random(1), AlmanacKnobs(split="test")))
    names = re.findall(NAME, decode(QuestionPlay(case, None).ids))
    assert {split_of(name) for name in names} == {"test"}


def test_training_worlds_have_training_names_and_more_old_facts() -> None:
    knobs = [training_knobs(Random(seed)) for seed in range(20)]
    assert {k.split for k in knobs} == {"train"}
    assert max(k.stale for k in knobs) > AlmanacKnobs().stale


@pytest.mark.parametrize("units", [None, 30])
def test_the_expert_has_full_marks(units: int | None) -> None:
    plays = [played(QuestionPlay(play.case, units), Random(2)) for play in some(80)]
    assert [play.score() for play in plays] == [1.0] * len(plays)


def test_the_efficient_expert_pays_less_and_knows_as_much() -> None:
    random = Random(3)
    thrifty = [played(play, random) for play in some(60)]
    wasteful = [played(play, random, WASTEFUL) for play in some(60)]
    assert sum(p.spent for p in thrifty) < 0.9 * sum(p.spent for p in wasteful)
    assert sum(p.score() for p in wasteful) == 60


@pytest.mark.parametrize("units", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("is_told", [True, False])
def test_no_budget_is_overspent(units: int, is_told: bool) -> None:
    for play in some(30, seed=4):
        done = played(QuestionPlay(play.case, units, is_told=is_told), Random(5), WASTEFUL)
        assert done.spent <= units


def test_what_is_learned_are_whole_turns() -> None:
    for episode in islice(expert_episodes(Random(6), 0.5), 30):
        assert IDS[UNK] not in episode.ids
        starts = [at for at, place in enumerate(episode.ids) if place == IDS[TURN]]
        for start in starts:
            end = episode.ids.index(IDS[END], start)
            assert not episode.mask[start]
            assert all(episode.mask[start + 1 : end + 1])
            turn = read_turn(episode.ids[start + 1 :])
            assert turn.calls or turn.answer
        assert sum(episode.mask) == sum(
            episode.ids.index(IDS[END], start) - start for start in starts
        )


def test_a_drill_asks_for_what_its_observations_tell() -> None:
    for drill in islice(drills(Random(7)), 40):
        learned = [decode([i for i, own in zip(drill.ids, drill.mask, strict=True) if own])]
        seen = decode(drill.ids[: drill.ids.index(IDS[TURN])])
        assert set(re.findall(NAME, learned[0])) <= set(re.findall(NAME, seen))


def test_equal_seeds_give_equal_episodes() -> None:
    first, second = (list(islice(expert_episodes(Random(8), 0.5), 5)) for _ in range(2))
    assert first == second
