"""How one answer is chosen among those of several attempts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.loop_versions import ENDINGS_READ
from outlay.planners.answers import final_answer, plain
from outlay.planners.candidates import Candidate, majority, sound


def candidate(answer: str | None, verdict: str = "", status: str = "answered") -> Candidate:
    return {"answer": answer, "status": status, "verdict": verdict, "why": ""}  # type: ignore[typeddict-item]


def test_the_answer_that_most_give_wins_whatever_its_dress() -> None:
    found = [
        candidate("Answer: Rome"),
        candidate("So.\nAnswer: *paris.*"),
        candidate("Answer: Paris"),
    ]
    assert majority(found) is found[1]


def test_of_equals_the_first_one_wins() -> None:
    found = [candidate("Answer: a"), candidate("Answer: b")]
    assert majority(found) is found[0]


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([candidate(None), candidate("x")], [1]),
        ([candidate("x", "pivot"), candidate("y", "success")], [1]),
        ([candidate("x", status="budget_exhausted"), candidate("y")], [1]),
        ([candidate("x", "success", "budget_exhausted"), candidate("y", "pivot")], [0]),
        ([candidate("x", "pivot"), candidate("y", status="budget_exhausted")], [1]),
        ([candidate("x", "continue"), candidate("y", status="budget_exhausted")], [1]),
        ([candidate("x", "pivot"), candidate("y", "continue"), candidate("z", "pivot")], [1]),
        ([candidate("x", "pivot", "budget_exhausted"), candidate("y", "continue")], [1]),
        ([candidate("x", "continue"), candidate("y")], [1]),
        ([candidate(None), candidate(None)], [0, 1]),
    ],
)
def test_only_the_best_sort_may_be_chosen(found: list[Candidate], kept: list[int]) -> None:
    assert sound(found) == [found[place] for place in kept]


def test_a_run_of_an_older_loop_chooses_as_it_did() -> None:
    found = [candidate("x", "pivot"), candidate("y", status="budget_exhausted")]
    assert sound(found, ENDINGS_READ) == found[:1]


CANDIDATES = st.lists(
    st.builds(
        candidate,
        st.one_of(st.none(), st.sampled_from(["Answer: a", "Answer: b", "c"])),
        st.sampled_from(["", "success", "continue", "pivot"]),
        st.sampled_from(["answered", "budget_exhausted", "failed"]),
    ),
    min_size=1,
    max_size=6,
)


@given(CANDIDATES)
def test_the_choice_is_one_of_them_and_says_something_if_any_does(found: list[Candidate]) -> None:
    best = majority(found)
    assert best in found
    assert best["answer"] or not any(one["answer"] for one in found)
    accepted = [one for one in found if one["answer"] and one["verdict"] == "success"]
    assert best["verdict"] == "success" or not accepted
    if best["verdict"] == "pivot":
        assert {one["verdict"] for one in found if one["answer"] or not best["answer"]} == {"pivot"}


def test_final_answer() -> None:
    assert final_answer("I think.\n**Answer: 42**\n") == "42"
    assert final_answer(" just this ") == "just this"
    assert plain("Answer: The End.") == "the end"
