"""The report: taken over, capped, corrected, left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.token_bounds import byte_bound
from outlay.memory import Trajectory
from outlay.memory.workspace import WorkspaceMemory

from .conftest import OPENING, grown, search

MEMORY = WorkspaceMemory(cap=100, limit=600)


def test_the_policy_sees_the_task_its_report_and_the_last_action_with_its_outcome() -> None:
    trajectory = grown(
        [
            search("a", "a is 1", "First. <report>nothing yet</report>"),
            search("b", "b is 2", "So a is 1. <report>a is 1 [r3]</report>"),
        ]
    )
    seen = MEMORY.shown(trajectory)
    assert seen[:2] == OPENING
    assert [(m.role, m.content) for m in seen[2:]] == [
        ("user", "Your report:\n<report>\na is 1 [r3]\n</report>"),
        ("assistant", "So a is 1."),
        ("tool", "b is 2"),
    ]
    assert seen[3].tool_calls[0].id == seen[4].tool_call_id


@pytest.mark.parametrize(
    "said", ["Nothing new.", "<report></report>", "<report>Error: 500</report>", "<report>half"]
)
def test_a_reply_without_a_sound_report_leaves_it_as_it_is(said: str) -> None:
    rounds = [search("a", "a is 1", "<report>a is 1</report>"), search("b", "nothing", said)]
    assert MEMORY.report(grown(rounds)) == "a is 1"


def test_a_false_note_is_corrected() -> None:
    rounds = [
        search("a", "a is 1 (old)", "<report>a is 1</report>"),
        search("a", "a is 2", "<report>a is 2, not 1</report>"),
    ]
    shown = MEMORY.shown(grown([*rounds, search("b", "b is 3")]))
    assert "a is 2, not 1" in shown[2].content
    assert not any("a is 1 (old)" in message.content for message in shown)


@given(text=st.text(min_size=1, max_size=400), cap=st.integers(0, 100))
def test_the_report_never_exceeds_its_cap(text: str, cap: int) -> None:
    rounds = [search("a", "", f"<report>{text}</report>")]
    assert byte_bound(WorkspaceMemory(cap=cap, limit=600).report(grown(rounds))) <= cap


def test_it_is_cut_at_the_end_of_a_sentence() -> None:
    text = "a is 1. " * 20
    report = MEMORY.report(grown([search("a", "", f"<report>{text}</report>")]))
    assert report == ("a is 1. " * 12).strip()


def test_what_a_planner_has_told_stays() -> None:
    trajectory = Trajectory(OPENING)
    told = grown([("Answer: 1", [])]).messages[2:]
    trajectory.append(*told)
    trajectory.append(*grown([search("a", "a is 1"), search("b", "b is 2")]).messages[2:])
    assert "Look again." in [message.content for message in MEMORY.shown(trajectory)]


def test_a_prompt_is_as_long_after_many_steps_as_after_few() -> None:
    step = search("a", "a is 1 " * 20, "<report>a is 1</report>")
    few, many = (MEMORY.shown(grown([step] * steps)) for steps in (5, 300))
    assert len("".join(m.content for m in few)) == len("".join(m.content for m in many))
