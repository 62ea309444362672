"""What one run may learn from others: lessons, examples, and whether they are worth their price."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.token_bounds import byte_bound
from outlay.memory import memory
from outlay.memory.experience.answer_leaks import leaks
from outlay.memory.experience.examples import Examples, ExampleStep, with_examples
from outlay.memory.experience.help_value import ArmOutcome, pays
from outlay.memory.experience.lessons import Lesson, Lessons

from .conftest import ScriptedEffects, grown, search

GOLD = {"t1": ["Navazi"], "t2": ["yes"], "t3": ["New York"]}


def lesson(task: str, text: str, suite: str = "almanac") -> Lesson:
    return Lesson(suite=suite, task=task, text=text)


@pytest.mark.parametrize(
    ("text", "gives_away"),
    [
        ("It was NAVAZI, after all.", True),
        ("The city is new-york.", True),
        ("York is new.", False),
        ("Navazis are many.", False),
        ("yes, look at old entries first", False),
        ("The right answer was: yes", True),
        ("", False),
    ],
)
def test_texts_that_give_an_answer_away(text: str, gives_away: bool) -> None:
    assert leaks(text, [answer for accepted in GOLD.values() for answer in accepted]) == gives_away


def test_lessons_are_those_of_the_suite_without_answers_and_of_other_tasks() -> None:
    told = Lessons(
        "almanac",
        [
            lesson("t1", "Open what is old."),
            lesson("t2", "It was Navazi."),
            lesson("t2", "Search with a relation."),
            lesson("t3", "Error: no."),
            lesson("t3", "Of another suite.", "workshop"),
        ],
        GOLD,
    )
    assert told.refused == 1
    assert told.told("t1").splitlines()[1:] == ["- Search with a relation."]
    assert told.told("t9").splitlines()[1:] == ["- Search with a relation.", "- Open what is old."]
    assert told.told("t9", most=1).splitlines()[1:] == ["- Search with a relation."]
    assert Lessons("workshop", [], GOLD).told("t1") == ""


@given(st.lists(st.text(min_size=1, max_size=60), max_size=8), st.integers(0, 300))
def test_what_is_told_keeps_its_cap_and_never_holds_an_answer(texts: list[str], cap: int) -> None:
    told = Lessons("a", [lesson("t", text, "a") for text in texts], GOLD).told("x", cap=cap)
    assert not told or byte_bound(told.split("\n", 1)[1]) <= cap
    assert not leaks(told, ["Navazi", "New York"])


def steps(task: str, *thoughts: str) -> list[ExampleStep]:
    return [
        ExampleStep(task=task, place=n, thought=thought, action=f"search {n}", outcome=f"seen {n}")
        for n, thought in enumerate(thoughts)
    ]


RUNS = [
    steps("t1", "find the mayor", "find the river", "find the leader", "done"),
    steps("t2", "find the river of the city", "is it Navazi"),
]


def test_steps_are_found_by_thought_and_shown_with_their_neighbours() -> None:
    found = Examples(RUNS, task="t9", answers=[]).find("the leader of the country", most=1)
    assert found[0].startswith("[step -1]\nthought: find the river\n")
    assert "[step +0]\nthought: find the leader\naction: search 2\noutcome: seen 2" in found[0]
    assert found[0].count("[step") == 3


def test_runs_of_the_same_task_and_such_as_hold_its_answer_are_never_shown() -> None:
    def found(task: str, *answers: str) -> int:
        return len(Examples(RUNS, task=task, answers=answers).find("river", most=9))

    assert found("t9") == 2
    assert found("t1") == 1
    assert found("t9", "Navazi") == 1


async def test_examples_follow_the_view_and_are_not_kept() -> None:
    kept = with_examples(memory("workspace"), Examples(RUNS, task="t9", answers=[]))
    trajectory = grown([search("a", "seen", "now the leader")])
    view = await kept.view(trajectory, ScriptedEffects())
    assert view == kept.shown(trajectory)
    assert view[:-1] == memory("workspace").shown(trajectory)
    assert "find the leader" in view[-1].content
    assert kept.name == "examples+workspace"
    assert [t.spec.name for t in kept.tools()] == ["recall"]


@pytest.mark.parametrize(("helps", "least", "most"), [(True, 150, 200), (False, 0, 50)])
def test_help_is_paid_for_as_often_as_it_has_helped(helps: bool, least: int, most: int) -> None:
    logged = [
        ArmOutcome(with_it, with_it == helps, Decimal("0.01")) for with_it in (True, False) * 20
    ]
    assert least <= sum(pays(logged, worth=Decimal(1), seed=n) for n in range(200)) <= most


def test_help_that_costs_more_than_it_brings_is_not_paid_for() -> None:
    logged = [
        ArmOutcome(with_it, True, Decimal("0.9" if with_it else "0.1"))
        for with_it in (True, False) * 20
    ]
    assert sum(pays(logged, worth=Decimal(1), seed=n) for n in range(200)) < 10


def test_what_nobody_has_tried_is_tried() -> None:
    tried = sum(pays([], worth=Decimal(1), seed=n) for n in range(200))
    assert 60 < tried < 140
